import Foundation
import Logging
import Postgres
import Synchronization

/// The least severe messages that are logged, everywhere and from now on.
enum LogThreshold {
    private static let level = Mutex(Logger.Level.info)

    static func set(_ level: Logger.Level) { self.level.withLock { $0 = level } }

    static var current: Logger.Level { level.withLock { $0 } }
}

/// One line a message on stderr, with time and level; or, where stderr is systemd's journal, an entry of it with the
/// metadata in fields of its own.
struct StderrLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    /// Messages below this are not logged whatever the threshold.
    private var floor: Logger.Level

    /// - Parameter floor: for libraries that say too much.
    init(floor: Logger.Level = .trace) { self.floor = floor }

    var logLevel: Logger.Level {
        get { max(floor, LogThreshold.current) }
        set { floor = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            .map { (key: $0.key, value: "\($0.value)".printable()) }
        let message = "\(event.message)".printable()
        let text = ([message] + pairs.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        if Journal.isStandardError {
            let fields = pairs.map { (name: "HAZECAST_\($0.key.uppercased())", value: $0.value) }
            if Journal.send(text, priority: Self.priority(event.level), fields: fields) { return }
        }
        let prefix = "\(Date.now.formatted(.iso8601)) \(event.level.rawValue.uppercased())"
        // Where nobody reads any more, forecasts still matter.
        try? FileHandle.standardError.write(contentsOf: Data("\(prefix) \(text)\n".utf8))
    }

    /// Priorities of sd-daemon(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
