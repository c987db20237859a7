import Foundation

/// What has kept the daemon, or one part of its work, from going on, over attempts that follow each other closely.
///
/// Whatever is said of it is logged once and then counted, so that neither a fault that repeats nor one that comes and goes
/// fills the log.
struct Trouble {
    /// What went well this long is over its troubles; the next one is another.
    static let stable = Duration.seconds(10)
    /// Messages that differ by a number would otherwise all be news.
    private static let limit = 20

    /// When it began; nothing while all is well.
    private(set) var since: Date?
    /// Attempts that failed.
    private(set) var failures = 0
    private var last = ContinuousClock.now
    private var said: Set<String> = []

    /// Counts a failure.
    ///
    /// - Returns: whether it has not been logged yet.
    mutating func fails(with message: String) -> Bool {
        since = since ?? .now
        failures += 1
        last = .now
        return isNews(message)
    }

    /// Whether a message has not been logged yet.
    mutating func isNews(_ message: String) -> Bool { said.count < Self.limit && said.insert(message).inserted }

    /// Forgets it all when a success comes long enough after the last failure.
    mutating func succeeds(at now: ContinuousClock.Instant = .now) {
        if failures > 0, now - last > Self.stable { self = Trouble() }
    }
}

/// What is known of the troubles of each part of the daemon's work. It outlives the sessions: each of them would say it anew.
struct Troubles {
    /// The session with the database.
    var session = Trouble()
    /// Making and dropping partitions.
    var partitions = Trouble()
    /// Settling days.
    var days = Trouble()
    /// Taking up the models that are active.
    var models = Trouble()
    /// Comparing forecasts with the rules of alerts.
    var alerts = Trouble()
}
