import Forecast
import Foundation

/// One numbered SQL file.
struct Migration: Sendable, Equatable {
    /// Place in the order, from 1; the digits that the file name begins with.
    let number: Int32
    /// File name, for example `0003_feed.sql`.
    let name: String
    /// The statements, run in one transaction.
    let sql: String

    /// SHA-256 of the text, lower-case hex: that of the file.
    var sha256: String { hexSHA256(sql.utf8) }

    /// Those in the binary, in their order.
    static let embedded = ordered(EmbeddedResources.migrations)

    /// Files in the order of their numbers.
    ///
    /// - Precondition: they are numbered 1, 2, 3, …
    static func ordered(_ files: [String: String]) -> [Migration] {
        let migrations = files.sorted { $0.key < $1.key }.map { name, sql in
            Migration(number: Int32(name.prefix { $0.isNumber }) ?? 0, name: name, sql: sql)
        }
        precondition(
            migrations.map(\.number) == (0..<migrations.count).map { Int32($0 + 1) },
            "migrations are numbered 1, 2, 3, …: \(migrations.map(\.name))")
        return migrations
    }
}
