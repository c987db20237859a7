import Daemon
import Postgres
import Synchronization
import TestSupport

/// A table of a user's under settings of a user's, attached, written to and settled in a real PostgreSQL.
///
/// An input is the arguments of `hazecast.attach` from `station` on, one a line and nothing for the default, and behind an
/// empty line rows of the table: their fields between tabs, nothing for NULL.
struct AttachTarget: Sendable {
    /// Something is wrong with the schema.
    struct Finding: Error, CustomStringConvertible {
        let description: String
    }

    /// `attach`'s arguments and their types.
    private static let arguments = [
        ("station", "text"), ("observed_at", "text"), ("pm25", "text"), ("dew_point", "text"), ("temperature", "text"),
        ("pressure", "text"), ("wind_direction", "text"), ("wind_speed", "text"), ("humidity", "text"),
        ("wind_u", "text"), ("wind_v", "text"), ("station_name", "text"), ("units", "jsonb"), ("time_zone", "text"),
        ("stamps", "text"), ("step", "interval"), ("correction", "text"), ("poll", "interval"),
        ("patience", "interval"), ("follow_deletes", "boolean"), ("backfill", "interval"), ("name", "text"),
        ("parameter", "text"), ("parameters", "jsonb"), ("carry", "interval"), ("missing", "jsonb"),
        ("error_codes", "jsonb"),
    ]

    /// The columns of the table and their types; the last is named as somebody would who wants to be a statement.
    private static let columns = [
        ("sensor", "text"), ("at", "text"), ("at_instant", "timestamptz"), ("at_local", "timestamp"),
        ("at_number", "numeric"), ("a", "text"), ("b", "real"), ("c", "numeric"), ("d", "float8"),
        (#"x") FROM y; DROP TABLE canary; --'"#, "text"),
    ]

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

    private static let table = quoted(#"it's "; DROP TABLE canary; --"#)

    private static let setUp =
        """
        CREATE TABLE canary ();
        CREATE TABLE \(table) (\(columns.map { "\(quoted($0.0)) \($0.1)" }.joined(separator: ", ")));
        CREATE INDEX ON \(table) (sensor, at_instant);
        """

    private static let connection = Mutex<Task<Connection, any Error>?>(nil)

    /// The session in which all inputs are tried, made by the first.
    private static func session() async throws -> Connection {
        try await connection.withLock { task in
            if let task { return task }
            let new = Task {
                let server = try await TestServer.shared()
                let owner = try await Connection.connect(server.conninfo(), applicationName: "fuzz")
                try await owner.run(script: "CREATE DATABASE fuzz TEMPLATE template0")
                await owner.close()
                let conninfo = server.conninfo(database: "fuzz")
                try await DatabaseTemplate.schema.setUp(conninfo)
                let connection = try await Connection.connect(conninfo, applicationName: "fuzz")
                try await connection.run(script: setUp + "SET client_min_messages = error")
                return connection
            }
            task = new
            return new
        }.value
    }

    /// Whether the table could be attached.
    ///
    /// - Throws: `Finding` where the server, our trigger or what the daemon calls fails.
    static func parse(_ input: [UInt8]) async throws -> Bool {
        let text = String(decoding: input.filter { $0 != 0 }, as: UTF8.self)
        let halves = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = halves[0].split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let rows = (halves.dropFirst().first ?? "").split(separator: "\n").prefix(4).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let connection = try await session()
        do {
            let attached = try await attempt(lines, rows, on: connection)
            try await tidy(connection)
            return attached
        } catch let finding as Finding {
            throw finding
        } catch let error as PostgresError {
            // XX: the server's own fault; 42601: what we made was no SQL.
            guard await connection.isUsable, error.code == .server, let state = error.sqlState,
                !state.hasPrefix("XX"), state != "42601", state != "57014"
            else { throw Finding(description: "\(error)") }
            try await tidy(connection)
            return false
        }
    }

    private static func tidy(_ connection: Connection) async throws {
        try await connection.run(
            script: """
                SELECT hazecast.detach(source) FROM (SELECT DISTINCT source FROM hazecast.attachments) AS attached;
                TRUNCATE \(table); DELETE FROM hazecast.reading; DELETE FROM hazecast.arrival
                """)
    }

    /// Errors of the server are the user's mistakes until the table is attached, and ours from then on.
    private static func attempt(
        _ lines: [String], _ rows: [[String]], on connection: Connection
    ) async throws -> Bool {
        // The rows by themselves: what the table itself refuses is no finding.
        for row in rows { try await insert(row, on: connection) }
        try await connection.run(script: "TRUNCATE \(table)")
        let given = zip(arguments, lines).filter { !$0.1.isEmpty }
        let list = given.enumerated().map { ", \($1.0.0) => $\($0 + 1)::text::\($1.0.1)" }.joined()
        let source = table.replacing("'", with: "''")
        try await connection.query("SELECT hazecast.attach('\(source)'\(list))", given.map(\.1))
        do {
            for row in rows { try await insert(row, on: connection) }
            let now = try await connection.query("SELECT clock_timestamp() + interval '3 hours'").single()
                .decode(PostgresTimestamp.self, at: 0)
            var tables = AttachedTables()
            let server = try await TestServer.shared()
            let reader = AttachedReader(conninfo: server.conninfo(database: "fuzz"))
            let failures = try await tables.settle(on: connection, reader: reader, at: now)
            if let failure = failures.first { throw Finding(description: failure) }
            try await connection.run(script: "SELECT FROM canary")
        } catch let error as PostgresError {
            throw Finding(description: "attached, and then: \(error)")
        }
        return true
    }

    private static func insert(_ row: [String], on connection: Connection) async throws {
        let given = zip(columns, row).filter { !$0.1.isEmpty }
        if given.isEmpty { return }
        let names = given.map { quoted($0.0.0) }.joined(separator: ", ")
        let values = given.enumerated().map { "$\($0 + 1)::text::\($1.0.1)" }.joined(separator: ", ")
        try await connection.query("INSERT INTO \(table) (\(names)) VALUES (\(values))", given.map(\.1))
    }
}
