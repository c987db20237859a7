import CSystemd
import Foundation
import Synchronization

/// Says to systemd how the service is, where there is a systemd that asks (`NOTIFY_SOCKET`); elsewhere nothing happens.
enum ServiceManager {
    /// A part of the line that `systemctl status` shows. Whoever knows it reports it; the line has them in this order.
    enum Part: CaseIterable {
        /// Serving, standby, or waiting for the database and since when.
        case service
        /// How far a training run is.
        case training
        /// What was wrong with the last reload.
        case reload
    }

    private struct Line {
        var parts: [Part: String] = [:]
        var text: String { Part.allCases.compactMap { parts[$0] }.joined(separator: "; ") }
    }

    private static let line = Mutex(Line())

    /// Puts another text, in one line, in a part's place; nil takes the part out.
    static func report(_ part: Part, _ text: String?) {
        // Inside the lock, so that of two reports the later one is the last that systemd hears of.
        line.withLock { line in
            let before = line.text
            line.parts[part] = text?.replacing("\n", with: " ")
            if line.text != before { notify("STATUS=\(line.text)") }
        }
    }

    /// The configuration is valid and the loop runs; or a reload, failed or not, is over.
    static func ready() { line.withLock { notify("READY=1\nSTATUS=\($0.text)") } }

    /// A reload has begun.
    ///
    /// - Returns: the time that systemd was told, in µs of the monotonic clock.
    static func reloading() -> UInt64 {
        let now = monotonicMicroseconds()
        notify("RELOADING=1\nMONOTONIC_USEC=\(now)")
        return now
    }

    /// A clean stop has begun.
    static func stopping() { notify("STOPPING=1") }

    /// The service lives.
    static func alive() { notify("WATCHDOG=1") }

    /// How long systemd waits for `alive`; nil when it does not.
    static var watchdogLimit: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// CLOCK_MONOTONIC in µs: the clock of `MONOTONIC_USEC`.
    static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    private static func notify(_ state: String) {
        // With a broken socket forecasts matter more than their description.
        _ = sd_notify(0, state)
    }
}
