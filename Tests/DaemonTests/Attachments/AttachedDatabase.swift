import Postgres
import TestSupport

@testable import Daemon

extension MigratedDatabase {
    /// Settles attached tables until nothing is due, as the daemon does.
    ///
    /// - Parameter at: the present, as SQL.
    func settle(at: String = "clock_timestamp()") async throws {
        var tables = AttachedTables()
        while try await value(
            "SELECT EXISTS (SELECT FROM hazecast.attachment WHERE hazecast.attachment_is_due(attachment, \(at)))")
        {
            let now = try await value("SELECT \(at)", as: PostgresTimestamp.self)
            _ = try await tables.settle(on: owner, reader: AttachedReader(conninfo: conninfo), at: now)
        }
    }

    /// What came of it, a line a reading: station, UTC hour and the measures that are asked for.
    func readings(_ measures: String = "pm25") async throws -> [String] {
        try await column(
            """
            SELECT concat_ws(' ', name, to_char(observed_at AT TIME ZONE 'UTC', 'MM-DD HH24'), \(measures))
            FROM hazecast.reading JOIN hazecast.station ON id = station_id ORDER BY name, observed_at
            """)
    }

    /// A line a rejection.
    func rejections() async throws -> [String] {
        try await column(
            """
            SELECT concat_ws('|', coalesce(station, 'NULL'), coalesce(observed, 'NULL'), reason, rows) AS line
            FROM hazecast.rejection ORDER BY line
            """)
    }
}
