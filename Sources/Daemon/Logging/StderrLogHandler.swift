import Foundation
import Logging

/// One line a message on stderr. Under systemd it begins with the priority that journald takes off again; elsewhere with
/// the time and the level.
struct StderrLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    private let isJournal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil

    init(level: Logger.Level) { logLevel = level }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let text = "\(event.message)\(pairs)".replacing("\n", with: " ")
        let prefix =
            isJournal
            ? "<\(Self.priority(event.level))>"
            : "\(Date.now.formatted(.iso8601)) \(event.level.rawValue.uppercased()) "
        // Where nobody reads any more, forecasts still matter.
        try? FileHandle.standardError.write(contentsOf: Data("\(prefix)\(text)\n".utf8))
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
