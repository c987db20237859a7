import Foundation
import Postgres
import TestSupport
import Testing

/// A migrated database with stations that the real daemon has forecast, and `hazecast serve` before it.
struct WebSite: Sendable {
    let conninfo: String
    let owner: Connection
    let server: RunningProcess
    let port: Int

    /// A name that means something to HTML, attributes, URLs, SQL and terminals.
    static let hostile = "<b>\"Roof\" & 'x'/?#%\n\u{202E}\u{0627}\u{0644}</b>" + String(repeating: "é", count: 160)

    static let template = DatabaseTemplate("web") { conninfo in
        let migrated = try await Executable.hazecast.run(["migrate", "--database", conninfo])
        try #require(migrated.status == 0, "\(migrated.standardError)")
        let owner = try await Connection.connect(conninfo, applicationName: "template")
        for (name, labels, level) in [
            ("Dongsi", #"{"district": "Dongcheng", "time_zone": "Asia/Shanghai"}"#, 90.0),
            ("Aotizhongxin", #"{"district": "Chaoyang"}"#, 20), (hostile, #"{"district": "Chaoyang"}"#, 40),
        ] {
            try await owner.query(
                """
                WITH station AS (
                    INSERT INTO hazecast.station (name, latitude, longitude, labels)
                    VALUES ($1, 39.9, 116.4, $2) RETURNING id
                )
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure,
                    wind_direction, wind_speed)
                SELECT station.id, hour, $3 + 10 * sin(extract(epoch FROM hour) / 13750), -5, 4, 1021, 90, 2.5
                FROM station, generate_series(
                    date_trunc('hour', now(), 'UTC') - interval '80 hours',
                    date_trunc('hour', now(), 'UTC') - interval '1 hour', interval '1 hour') AS hour
                """, [name, JSONText(labels), level])
        }
        try await owner.run(script: "INSERT INTO hazecast.station (name) VALUES ('Silent')")
        let daemon = try Executable.hazecast.start(["run", "--database", conninfo])
        defer { daemon.signal(SIGKILL) }
        try await eventually {
            try await owner.query("SELECT DISTINCT station FROM hazecast.latest_forecast").count == 3
        }
        daemon.signal(SIGTERM)
        _ = await daemon.end()
        // The same forecasts as if they had been issued every hour of the last two days.
        try await owner.run(
            script: """
                INSERT INTO hazecast.forecast_ledger
                    (station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95,
                    digest)
                SELECT station_id, origin - back * interval '1 hour', 1, origin - (back - 1) * interval '1 hour',
                    model_id,
                    pm25, lower80, upper80, lower95, upper95, digest
                FROM hazecast.forecast_ledger CROSS JOIN generate_series(1, 48) AS back WHERE revision = 1
                ON CONFLICT DO NOTHING;
                UPDATE hazecast.reading SET received_at = observed_at + interval '65 minutes';
                INSERT INTO hazecast.alert_rule (name, level) VALUES ('smog <1>', 50);
                INSERT INTO hazecast.alert (rule_id, rule, station_id, level, raised_at, origin, revision, lead,
                    valid_at, pm25, probability)
                SELECT 1, 'smog <1>', id, 50, now(), date_trunc('hour', now(), 'UTC'), 1, 1,
                    date_trunc('hour', now(), 'UTC') + interval '1 hour', 90, 0.9
                FROM hazecast.station WHERE name = 'Dongsi';
                """)
        await owner.close()
    }

    /// Runs a test with a server of its own.
    ///
    /// - Parameters:
    ///   - tenant: labels of the only stations that the login may see; nil for a reader of all.
    ///   - proxy: whether the database is reached through a proxy, which the test can cut.
    static func with(
        _ arguments: [String] = [], tenant: String? = nil, through proxy: Proxy? = nil,
        _ body: @escaping @Sendable (WebSite) async throws -> Void
    ) async throws {
        try await TestDatabase.withDatabase(template) { conninfo in
            let owner = try await Connection.connect(conninfo, applicationName: "owner")
            let database = try await owner.query("SELECT current_database()::text").single()
                .decode(String.self, at: 0)
            // Roles belong to the whole server, hence one name per database.
            let login = "web_\(tenant == nil ? "reader" : "tenant")_\(database)"
            try await owner.run(
                script: "CREATE ROLE \(login) LOGIN; "
                    + (tenant.map { "SELECT hazecast.restrict_reader('\(login)', '\($0)')" }
                        ?? "GRANT hazecast_reader TO \(login)"))
            let target = proxy?.conninfo(database: database, user: login) ?? "\(conninfo) user=\(login)"
            let port = try TestServer.freePort()
            let server = try Executable.hazecast.start(
                ["serve", "--database", target, "--listen", "127.0.0.1:\(port)"] + arguments)
            defer { server.signal(SIGKILL) }
            try await withDeadline(.seconds(90)) {
                #expect(await server.hasWritten(toStandardError: "serving "))
                try await body(WebSite(conninfo: target, owner: owner, server: server, port: port))
            }
            server.signal(SIGTERM)
            let end = try await withDeadline(.seconds(20)) { await server.end() }
            #expect(end.status == 0, "\(end.standardError)")
            try await owner.run(
                script: tenant == nil ? "" : "SELECT hazecast.release_reader('\(login)')")
            await owner.close()
        }
    }

    /// One answer.
    struct Answer {
        let status: Int
        /// By names in lower case.
        let headers: [String: String]
        let body: String
    }

    func get(_ path: String, method: String = "GET", _ headers: [String: String] = [:]) async throws -> Answer {
        var fields = ["Host": "localhost:\(port)", "Connection": "close"]
        fields.merge(headers) { $1 }
        let lines = fields.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try Self.answer(try await send("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n"))
    }

    static func answer(_ text: String) throws -> Answer {
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = try #require(parts.first).split(separator: "\r\n")
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }, "\(text)")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let sides = line.split(separator: ":", maxSplits: 1)
            headers[sides[0].lowercased()] = sides.count > 1 ? sides[1].drop { $0 == " " }.description : ""
        }
        return Answer(status: status, headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
    }

    /// Sends bytes as they are and returns what comes until the server closes.
    func send(_ text: String) async throws -> String {
        let port = port
        return try await withDeadline(.seconds(40)) {
            try await Task.detached { try Self.exchange(text, port: port) }.value
        }
    }

    private static func exchange(_ text: String, port: Int) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            bytes = bytes.dropFirst(count)
        }
        var (answer, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65536))
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer.prefix(count) }
        return String(decoding: answer, as: UTF8.self)
    }
}

/// Waits for a condition; the test's deadline ends it.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
}
