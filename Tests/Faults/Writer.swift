import Forecast
import Ingest
import Postgres

/// Whoever sends the readings: tries until each step is committed, as writers do.
actor Writer {
    private var conninfo: String
    private var connection: Connection?

    init(conninfo: String) { self.conninfo = conninfo }

    func write(_ step: Replay.Step) async throws {
        let rows = step.rows
        let measures = rows.map(\.measures)
        try await untilItWorks { connection in
            try await connection.query(
                """
                INSERT INTO hazecast.reading
                    (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
                SELECT station, observed_at, nullif(pm25, 'NaN'), nullif(dew_point, 'NaN'), nullif(temperature, 'NaN'),
                    nullif(pressure, 'NaN'), nullif(wind_direction, 'NaN'), nullif(wind_speed, 'NaN')
                FROM unnest($1::int4[], $2::timestamptz[], $3::real[], $4::real[], $5::real[], $6::real[], $7::real[],
                    $8::real[]) AS row (
                    station, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
                ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25, dew_point = excluded.dew_point,
                    temperature = excluded.temperature, pressure = excluded.pressure,
                    wind_direction = excluded.wind_direction, wind_speed = excluded.wind_speed
                """,
                [
                    rows.map { Int32($0.station + 1) }, rows.map(\.hour.timestamp), measures.map(\.pm25),
                    measures.map(\.dewPoint), measures.map(\.temperature),
                    measures.map(\.pressure), measures.map(\.windDirection),
                    measures.map(\.windSpeed),
                ])
        }
    }

    /// Goes to another server from now on.
    func turn(to conninfo: String) { self.conninfo = conninfo }

    func run(_ script: String) async throws { try await untilItWorks { try await $0.run(script: script) } }

    func text(_ sql: String) async throws -> String? {
        try await untilItWorks { try await $0.query("SELECT (\(sql))::text").single().decode(String?.self, at: 0) }
    }

    func lines(_ sql: String) async throws -> [String] {
        try await untilItWorks { try await $0.query(sql).map { row in try row.decode(String.self, at: 0) } }
    }

    @discardableResult
    private func untilItWorks<Value: Sendable>(_ body: (Connection) async throws -> Value) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                let open: Connection
                if let connection {
                    open = connection
                } else {
                    open = try await Connection.connect(conninfo, applicationName: "faults", timeout: .seconds(5))
                    try await open.run(script: "SET default_transaction_read_only = off; SET lock_timeout = '20s'")
                    connection = open
                }
                return try await body(open)
            } catch {
                await connection?.close()
                connection = nil
                guard ContinuousClock.now < deadline, !Task.isCancelled else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
