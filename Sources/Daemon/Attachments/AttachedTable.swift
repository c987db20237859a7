import Foundation
import Postgres

/// The arguments of `hazecast.attach`; durations in seconds.
struct AttachmentSettings: Decodable, Sendable {
    /// Our names and the table's: `station`, `observed_at`, `parameter`, and the measures.
    let columns: [String: String]
    var stationName: String?
    var units: [String: String]?
    /// The clock of times without an offset; nil where every time has one.
    var timeZone: String?
    let stamps: String
    let step: Double
    var correction: String?
    var poll: Double?
    let patience: Double
    /// A condition on rows, in SQL.
    var `where`: String?
    /// Measures and what the column `parameter` calls them.
    var parameters: [String: String]?
    /// How long a value holds until the next.
    var carry: Double?
    var missing: [String]?
    var errorCodes: [String: [Double]]?

    private enum CodingKeys: String, CodingKey {
        case columns, units, stamps, step, correction, poll, patience, `where`, parameters, carry, missing
        case stationName = "station_name"
        case timeZone = "time_zone"
        case errorCodes = "error_codes"
    }
}

/// A row of `hazecast.attachment` whose time has come.
struct AttachedTable: Sendable {
    /// How the columns of a type are read; `hazecast.type_family` tells.
    enum Family: String, Decodable, Sendable {
        case text, number, local, instant, uuid, other
    }

    let id: Int32
    /// Its name with its schema, quoted.
    let source: String
    let reader: String
    let settings: AttachmentSettings
    /// Columns of `hazecast.reading` that it fills.
    let filled: [String]
    /// By our names; none for a column that is gone.
    let families: [String: Family?]
    /// Since when a poll is to look; nil when none is due.
    let polledSince: PostgresTimestamp?
    /// Why it must not be read.
    let refusal: String?

    /// The attachments that have something to settle, those first that were looked at least recently.
    static func due(
        at now: PostgresTimestamp, on connection: Connection
    ) async throws(PostgresError) -> [AttachedTable] {
        let rows = try await connection.query(
            """
            SELECT a.id, CASE WHEN c.oid IS NULL THEN a.source_name ELSE format('%I.%I', nspname, relname) END AS source,
                a.reader, a.settings::text AS settings, hazecast.filled_measures(a.settings) AS filled,
                (SELECT jsonb_object_agg(key, hazecast.type_family(a.source, value))
                    FROM jsonb_each_text(a.settings -> 'columns'))::text AS families,
                CASE WHEN coalesce(
                        a.polled_at + (a.settings ->> 'poll')::float8 * interval '1 second' <= $1, a.settings ? 'poll')
                    THEN least(coalesce(a.polled_at, $1), $1) - interval '6 hours' END AS polled_since,
                CASE
                    WHEN c.oid IS NULL THEN 'the table is gone'
                    WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = a.reader)
                        THEN format('role %s, which reads it, is gone: attach it again', a.reader)
                    WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = a.attached_by)
                        THEN format('role %s, which attached it, is gone: attach it again', a.attached_by)
                    WHEN NOT has_table_privilege(a.attached_by::name, c.oid, 'SELECT')
                        THEN format('"%s", which attached it, may not read it any more', a.attached_by)
                END AS refusal
            FROM hazecast.attachment AS a
            LEFT JOIN pg_class AS c ON c.oid = a.source
            LEFT JOIN pg_namespace ON pg_namespace.oid = c.relnamespace
            WHERE hazecast.attachment_is_due(a, $1)
            ORDER BY a.id
            """, [now])
        var tables: [AttachedTable] = []
        for row in rows { tables.append(try AttachedTable(row)) }
        return tables
    }

    private init(_ row: Row) throws(PostgresError) {
        func parse<Value: Decodable>(_ name: String, as type: Value.Type) throws(PostgresError) -> Value {
            do {
                return try JSONDecoder().decode(type, from: Data(row.decode(String.self, name).utf8))
            } catch {
                throw PostgresError(.decoding, "\(name) of an attachment: \(error)", operation: "decode")
            }
        }
        id = try row.decode(Int32.self, "id")
        source = try row.decode(String.self, "source")
        reader = try row.decode(String.self, "reader")
        settings = try parse("settings", as: AttachmentSettings.self)
        filled = try row.decode([String].self, "filled")
        families = try parse("families", as: [String: Family?].self)
        polledSince = try row.decode(PostgresTimestamp?.self, "polled_since")
        refusal = try row.decode(String?.self, "refusal")
    }

    /// How one of its columns is read.
    ///
    /// - Throws: `.misuse` when it is gone.
    func family(_ column: String) throws(PostgresError) -> Family {
        guard let family = families[column] ?? nil else {
            throw PostgresError(
                .misuse, "there is no column \"\(settings.columns[column] ?? column)\" in \(source)",
                operation: "attach")
        }
        return family
    }
}
