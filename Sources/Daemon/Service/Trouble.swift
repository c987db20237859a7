import Foundation

/// What has kept the daemon from serving, over attempts that follow each other closely.
///
/// Whatever is said of it is logged once and then counted, so that neither a fault that repeats nor one that comes and goes
/// fills the log.
struct Trouble {
    /// Messages that differ by a number would otherwise all be news.
    private static let limit = 20

    /// When it began.
    let since = Date.now
    /// Sessions that failed.
    private(set) var failures = 0
    private var said: Set<String> = []

    /// Counts a failure.
    ///
    /// - Returns: whether it has not been logged yet.
    mutating func fails(with message: String) -> Bool {
        failures += 1
        return isNews(message)
    }

    /// Whether a message has not been logged yet.
    mutating func isNews(_ message: String) -> Bool { said.count < Self.limit && said.insert(message).inserted }
}
