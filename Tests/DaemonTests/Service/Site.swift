import Foundation
import Ingest
import Logging
import Postgres
import TestSupport

@testable import Daemon
@testable import Forecast

extension DatabaseTemplate {
    /// The schema as `hazecast migrate` makes it, with the models of the binary.
    static let migrated = DatabaseTemplate("migrated") { conninfo in
        let connection = try await Connection.connect(conninfo, applicationName: "template")
        try await Migrator.migrate(connection)
        await connection.close()
    }
}

/// A migrated database as a test sees it: stations, readings, and what the daemon made of them.
struct Site {
    let conninfo: String
    let connection: Connection

    /// Readings of tests begin here, at noon UTC in the middle of a partition.
    static let noon = UTCHour(hoursSinceEpoch: 390_012)

    /// Runs a test in a database of its own.
    static func with(_ body: (Site) async throws -> Void) async throws {
        try await TestDatabase.withDatabase(.migrated) { conninfo in
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            try await body(Site(conninfo: conninfo, connection: connection))
            await connection.close()
        }
    }

    @discardableResult
    func addStation(_ name: String) async throws -> Int32 {
        try await connection.query("INSERT INTO hazecast.station (name) VALUES ($1) RETURNING id", [name])
            .single().decode(Int32.self, at: 0)
    }

    /// A plausible hour, different for every hour.
    static func measures(_ hour: UTCHour) -> Measures {
        let phase = Float(hour.hoursSinceEpoch % 240) / 240 * 2 * .pi
        return Measures(
            pm25: 60 + 50 * phase.sine, dewPoint: -5 + 3 * phase.sine, temperature: 4, pressure: 1021,
            windDirection: Float(hour.hoursSinceEpoch % 8) * 45, windSpeed: 2.5)
    }

    /// Writes an hour as a station would; a reading that is there already is corrected.
    func write(_ station: Int32, _ hour: UTCHour, _ measures: Measures? = nil) async throws {
        let measures = measures ?? Self.measures(hour)
        func value(_ value: Float) -> Float? { value.isNaN ? nil : value }
        try await connection.query(
            """
            INSERT INTO hazecast.reading
                (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25, dew_point = excluded.dew_point,
                temperature = excluded.temperature, pressure = excluded.pressure,
                wind_direction = excluded.wind_direction, wind_speed = excluded.wind_speed
            """,
            [
                station, hour.timestamp, value(measures.pm25), value(measures.dewPoint), value(measures.temperature),
                value(measures.pressure), value(measures.windDirection), value(measures.windSpeed),
            ])
    }

    /// Writes every hour of a range in one transaction.
    func write(_ station: Int32, _ hours: ClosedRange<UTCHour>) async throws {
        try await connection.withTransaction {
            for hour in hours { try await write(station, hour) }
        }
    }

    /// Writes a whole series in one statement.
    func write(_ station: Int32, _ series: HourlySeries) async throws {
        try await connection.query(
            """
            INSERT INTO hazecast.reading
                (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
            SELECT $1, observed_at, nullif(pm25, 'NaN'), nullif(dew_point, 'NaN'), nullif(temperature, 'NaN'),
                nullif(pressure, 'NaN'), nullif(wind_direction, 'NaN'), nullif(wind_speed, 'NaN')
            FROM unnest($2::timestamptz[], $3::real[], $4::real[], $5::real[], $6::real[], $7::real[], $8::real[])
                AS row (observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
            """,
            [
                station, series.measures.indices.map { series.start.advanced(by: $0).timestamp },
                series.measures.map(\.pm25), series.measures.map(\.dewPoint), series.measures.map(\.temperature),
                series.measures.map(\.pressure), series.measures.map(\.windDirection), series.measures.map(\.windSpeed),
            ])
    }

    func run(_ script: String) async throws { try await connection.run(script: script) }

    /// One value of one row, as text.
    func text(_ sql: String) async throws -> String? {
        try await connection.query("SELECT (\(sql))::text").single().decode(String?.self, at: 0)
    }

    /// The newest forecast of a station as `latest_forecast` shows it: origin, revision and the first lead.
    func latest(_ station: String) async throws -> (origin: UTCHour, revision: Int32, pm25: Float)? {
        let rows = try await connection.query(
            "SELECT origin, revision, pm25 FROM hazecast.latest_forecast WHERE station = $1 AND lead = 1", [station])
        guard let row = rows.first else { return nil }
        let origin = try row.decode(PostgresTimestamp.self, at: 0)
        return (
            UTCHour(timestamp: origin.microsecondsSince2000), try row.decode(Int32.self, at: 1),
            try row.decode(Float.self, at: 2)
        )
    }

    /// The whole ledger, all bands included, but for when things were issued, a line a row.
    func ledger() async throws -> [String] {
        let rows = try await connection.query(
            """
            SELECT concat_ws(' ', s.name, m.name, to_jsonb(l) - 'issued_at' - 'station_id' - 'model_id')
            FROM hazecast.forecast_ledger AS l JOIN hazecast.station AS s ON s.id = l.station_id
            JOIN hazecast.model AS m ON m.id = l.model_id ORDER BY s.name, l.origin, l.revision
            """)
        return try rows.map { try $0.decode(String.self, at: 0) }
    }

    /// Starts `hazecast run` on this database.
    func daemon(_ arguments: String..., environment: [String: String] = [:]) throws -> RunningProcess {
        try Executable.hazecast.start(
            ["run", "--database", conninfo, "--log-level", "debug"] + arguments, environment: environment)
    }

    /// The name of the default model.
    func servingModel() async throws -> String {
        try await text(
            "SELECT name FROM hazecast.model WHERE id = (SELECT model_id FROM hazecast.active_model WHERE station_id IS NULL)"
        ) ?? ""
    }
}

extension Model {
    /// Another model, whose forecasts are this one's but on another scale.
    func scaled(by factor: Float, name: String) throws -> Model {
        let output = Normalisation.Scale(
            offset: normalisation.output.offset, scale: normalisation.output.scale * factor)
        return try Model(
            name: name, preset: preset, architecture: architecture,
            normalisation: Normalisation(inputs: normalisation.inputs, output: output),
            weights: networks.flatMap(\.weights), bands: bands, training: training, scores: scores)
    }
}

extension Float {
    fileprivate var sine: Float { Float(sin(Double(self))) }
}

/// What a test waited for did not come about.
struct ConditionNeverHeld: Error {
    let limit: Duration
}

/// Waits for a condition.
///
/// - Throws: `ConditionNeverHeld`.
func eventually(
    within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit.patient
    while try await !condition() {
        if ContinuousClock.now > deadline { throw ConditionNeverHeld(limit: limit) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// The daemon's loop by hand: each turn is one transaction.
struct Turns {
    let connection: Connection
    var book: StationBook?
    private var models: ActiveModels?

    /// Takes the lock, as the active daemon does; of a connection that was closed the server may not know yet.
    init(_ conninfo: String) async throws {
        let connection = try await Connection.connect(conninfo, applicationName: "turns")
        try await eventually { try await Leadership.tryToTake(on: connection) }
        self.connection = connection
    }

    mutating func turn() async throws -> Turn.Result {
        try await Turn.run(on: connection, book: &book, models: &models)
    }

    /// Settles the UTC days of all stations up to one, as the active daemon does after midnight.
    mutating func settle(through day: UTCHour) async throws {
        let stations = try await WindowLoader.stations(on: connection)
        guard var serving = models.take() else { preconditionFailure("days are settled between turns") }
        defer { models = serving }
        for batch in stations.chunked(32) {
            _ = try await LiveDay.settle(batch, through: day, on: connection, models: &serving)
        }
    }

    /// Settles what is due by the server's clock.
    mutating func settleByTheClock() async throws {
        var (live, trouble) = (LiveUpkeep(), Trouble())
        let logger = Logger(label: "test")
        while try await live.step(on: connection, models: &models, after: &trouble, logger: logger) {}
    }

    /// A turn of a daemon that has just started: everything is loaded and compared.
    mutating func restart() async throws -> Turn.Result {
        book = nil
        return try await turn()
    }
}
