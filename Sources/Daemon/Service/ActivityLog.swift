import Forecast
import Logging

/// Says what the daemon does at most once a minute, however many small transactions bring readings.
struct ActivityLog {
    private static let every = Duration.seconds(60)

    private let logger: Logger
    private var due = ContinuousClock.now
    private var turns = 0
    private var slowest = Duration.zero
    private var sum = Turn.Result()
    private var model = ""

    init(logger: Logger) { self.logger = logger }

    /// Counts a turn that had work.
    mutating func add(_ result: Turn.Result, took duration: Duration, model: String) {
        turns += 1
        self.model = model
        slowest = max(slowest, duration)
        sum.readings += result.readings
        sum.forecasts += result.forecasts
        sum.newestOrigin = result.newestOrigin ?? sum.newestOrigin
        sum.clipped += result.clipped
        sum.outages += result.outages
        sum.outage = result.outage ?? sum.outage
        sum.alerts.raised += result.alerts.raised
        sum.alerts.cleared += result.alerts.cleared
    }

    /// Writes a line when there is something to say and the last line is a minute old.
    mutating func flush() {
        guard turns > 0, ContinuousClock.now >= due else { return }
        let milliseconds = (slowest / .milliseconds(1) * 10).rounded() / 10
        logger.info(
            "forecasts issued",
            metadata: [
                "forecasts": "\(sum.forecasts)", "readings": "\(sum.readings)", "transactions": "\(turns)",
                "origin": "\(sum.newestOrigin.map(\.description) ?? "none")", "duration_ms": "\(milliseconds)",
                "model": "\(model)",
            ])
        if sum.clipped > 0 {
            logger.warning(
                "forecasts beyond what their windows make plausible were clipped",
                metadata: ["forecasts": "\(sum.clipped)", "model": "\(model)"])
        }
        if let outage = sum.outage {
            logger.notice(
                "\(outage.reason)",
                metadata: [
                    "station": "\(outage.station)", "origin": "\(outage.origin)", "stations": "\(sum.outages)",
                ])
        }
        if sum.alerts.raised + sum.alerts.cleared > 0 {
            logger.notice("alerts", metadata: ["raised": "\(sum.alerts.raised)", "cleared": "\(sum.alerts.cleared)"])
        }
        self = ActivityLog(logger: logger)
        due = .now + Self.every
    }
}
