import Forecast
import Foundation

/// One SQL file of the schema.
struct SchemaFile: Sendable, Equatable {
    /// What a changed text means.
    enum Kind: String, CaseIterable, Sendable {
        /// Part of the baseline: runs once, in a new database.
        case baseline = "tables"
        /// A numbered change: runs once in every database.
        case migration = "migrations"
        /// Functions, views and triggers: runs again whenever its text changes.
        case repeatable = "repeatable"
    }

    /// Folder and file name, for example `tables/03_readings.sql`.
    let name: String
    /// The statements.
    let sql: String

    /// SHA-256 of the text, lower-case hex: that of the file.
    var sha256: String { hexSHA256(sql.utf8) }

    /// What the folder says; nil for a folder that this version does not know.
    var kind: Kind? { Self.kind(of: name) }

    /// Those in the binary, in the order in which they run.
    static let embedded = ordered(EmbeddedResources.schema)

    static func kind(of name: String) -> Kind? { Kind(rawValue: String(name.prefix { $0 != "/" })) }

    /// Files in the order in which they run: the baseline, numbered migrations, repeatable files; each by name.
    ///
    /// - Precondition: every folder is known, and migrations are numbered 1, 2, 3, …
    static func ordered(_ files: [String: String]) -> [SchemaFile] {
        let sorted = files.sorted { $0.key < $1.key }.map { SchemaFile(name: $0.key, sql: $0.value) }
        let ordered = Kind.allCases.flatMap { kind in sorted.filter { $0.kind == kind } }
        precondition(ordered.count == sorted.count, "schema files are in \(Kind.allCases.map(\.rawValue))")
        let numbers = ordered.filter { $0.kind == .migration }.map { file in
            Int(file.name.drop { $0 != "/" }.dropFirst().prefix { $0.isNumber }) ?? 0
        }
        precondition(numbers == Array(1..<(numbers.count + 1)), "migrations are numbered 1, 2, 3, …: \(numbers)")
        return ordered
    }
}
