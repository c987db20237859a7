import Postgres

/// What monitoring is told. No forecast is a sample: the hours that it is for lie in the future.
enum Metrics {
    /// Upper ends of the buckets of delays, in seconds.
    private static let buckets: [Double] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]

    /// The answer while the database is away.
    static func down(openMetrics: Bool) -> Response {
        var exposition = start(up: false)
        exposition.add("hazecast_web", .info, "Version of hazecast-web.", version)
        return openMetrics
            ? Response(.openMetrics, exposition.openMetrics) : Response(.text, exposition.text)
    }

    private static let version = [
        Exposition.Sample(labels: [("version", HazecastWeb.version)], value: 1)
    ]

    private static func start(up: Bool) -> Exposition {
        var exposition = Exposition()
        exposition.add("hazecast_up", .gauge, "Whether the database answers.", up ? 1 : 0)
        return exposition
    }

    static func exposition(_ database: Database) async throws(PostgresError) -> Exposition {
        var exposition = start(up: true)
        exposition.add("hazecast_web", .info, "Version of hazecast-web.", version)
        try await daemons(database, &exposition)
        try await stations(database, &exposition)
        try await flow(database, &exposition)
        try await delays(database, &exposition)
        try await quality(database, &exposition)
        return exposition
    }

    private typealias Group = [(label: String, value: Double)]

    /// A label and a number per row; nothing where the login may not see them.
    private static func group(
        _ database: Database, _ sql: String
    ) async throws(PostgresError) -> Group {
        do throws(PostgresError) {
            var group: Group = []
            for row in try await database.query(sql) {
                guard let value = try row.decode(Double?.self, at: 1) else { continue }
                group.append((try row.decode(String.self, at: 0), value))
            }
            return group
        } catch {
            guard error.isDenied else { throw error }
            return []
        }
    }

    private static func samples(_ name: String, _ group: Group) -> [Exposition.Sample] {
        group.map { Exposition.Sample(labels: [(name, $0.label)], value: $0.value) }
    }

    private static func daemons(_ database: Database, _ exposition: inout Exposition) async throws(PostgresError) {
        let roles = try await group(
            database,
            """
            SELECT role.name, count(status.name)::float8
            FROM (VALUES ('active'), ('standby'), ('lost')) AS role (name)
            LEFT JOIN hazecast.status ON status.kind = 'daemon' AND status.role = role.name
            GROUP BY role.name ORDER BY 1
            """)
        exposition.add("hazecast_daemons", .gauge, "Daemons by role.", samples("role", roles))
        let versions = try await group(
            database,
            "SELECT DISTINCT version, 1::float8 FROM hazecast.status WHERE kind = 'daemon' ORDER BY 1 LIMIT 20")
        exposition.add("hazecast_daemon_build", .info, "Versions of the daemons.", samples("version", versions))
        let beat = try await group(
            database, "SELECT '', extract(epoch FROM max(heartbeat))::float8 FROM hazecast.status WHERE kind = 'daemon'"
        )
        exposition.add(
            "hazecast_daemon_heartbeat_timestamp_seconds", .gauge, unit: "seconds", "Newest heartbeat of a daemon.",
            beat.first?.value)
    }

    private static func stations(_ database: Database, _ exposition: inout Exposition) async throws(PostgresError) {
        let states = try await group(
            database,
            """
            SELECT state.name, count(station.state)::float8
            FROM (VALUES ('forecast'), ('persistence'), ('silent'), ('without_forecast')) AS state (name)
            LEFT JOIN (
                SELECT CASE
                    WHEN silent_since IS NOT NULL THEN 'silent'
                    WHEN reason IS NOT NULL THEN 'without_forecast'
                    WHEN model = 'persistence' THEN 'persistence'
                    ELSE 'forecast'
                END AS state
                FROM hazecast.status WHERE kind = 'station'
            ) AS station ON station.state = state.name
            GROUP BY state.name ORDER BY 1
            """)
        exposition.add("hazecast_stations", .gauge, "Stations by state.", samples("state", states))
        let newest = try await group(
            database,
            """
            SELECT 'reading', extract(epoch FROM max(last_reading))::float8 FROM hazecast.status WHERE kind = 'station'
            UNION ALL
            SELECT 'origin', extract(epoch FROM max(last_origin))::float8 FROM hazecast.status WHERE kind = 'station'
            UNION ALL
            SELECT 'lag', extract(epoch FROM max(lag))::float8 FROM hazecast.status
            WHERE kind = 'station' AND silent_since IS NULL
            """)
        func value(_ label: String) -> Double? { newest.first { $0.label == label }?.value }
        exposition.add(
            "hazecast_newest_reading_timestamp_seconds", .gauge, unit: "seconds", "Hour of the newest reading of all.",
            value("reading"))
        exposition.add(
            "hazecast_newest_origin_timestamp_seconds", .gauge, unit: "seconds",
            "Origin of the newest forecast of all.",
            value("origin"))
        exposition.add(
            "hazecast_lag_seconds", .gauge, unit: "seconds",
            "Greatest lag of a forecast behind its station's newest reading, silent stations left out.", value("lag"))
    }

    /// Counters of the server itself, which begin anew when its statistics are reset.
    private static func flow(_ database: Database, _ exposition: inout Exposition) async throws(PostgresError) {
        let written = try await group(
            database,
            """
            SELECT root.relname::text, sum(stat.n_tup_ins)::float8
            FROM pg_class AS root
            JOIN pg_inherits AS part ON part.inhparent = root.oid
            JOIN pg_stat_user_tables AS stat ON stat.relid = part.inhrelid
            WHERE root.oid IN ('hazecast.reading'::regclass, 'hazecast.forecast_ledger'::regclass)
            GROUP BY root.relname
            UNION ALL
            SELECT relname::text, n_tup_ins::float8 FROM pg_stat_user_tables WHERE relid = 'hazecast.alert'::regclass
            """)
        func value(_ label: String) -> Double? { written.first { $0.label == label }?.value }
        exposition.add("hazecast_readings", .counter, "Readings inserted.", value("reading"))
        exposition.add(
            "hazecast_forecasts", .counter, "Forecasts issued, revisions included.", value("forecast_ledger"))
        exposition.add("hazecast_alerts", .counter, "Alerts raised.", value("alert"))
        let standing = try await group(database, "SELECT '', count(*)::float8 FROM hazecast.standing_alert")
        exposition.add("hazecast_alerts_standing", .gauge, "Alerts that stand.", standing.first?.value)
        let runs = try await group(
            database, "SELECT state, count(*)::float8 FROM hazecast.training_run GROUP BY state ORDER BY state")
        exposition.add("hazecast_training_runs", .gauge, "Training runs by state.", samples("state", runs))
    }

    /// Of a window that moves, so that it is no counter.
    private static func delays(_ database: Database, _ exposition: inout Exposition) async throws(PostgresError) {
        let bounds = buckets.map { "\($0)" }.joined(separator: ", ")
        let delays = try await group(
            database,
            """
            WITH delay AS (
                SELECT extract(epoch FROM ledger.issued_at - reading.received_at)::float8 AS seconds
                FROM hazecast.forecast_ledger AS ledger
                JOIN hazecast.reading ON reading.station_id = ledger.station_id AND reading.observed_at = ledger.origin
                    AND reading.observed_at > now() - interval '4 hours'
                WHERE ledger.origin > now() - interval '4 hours' AND ledger.origin <= now()
                    AND ledger.issued_at > now() - interval '1 hour' AND ledger.revision = 1
            )
            SELECT bound.seconds::text, count(delay.seconds)::float8
            FROM unnest(ARRAY[\(bounds), 'infinity']::float8[]) AS bound (seconds)
            LEFT JOIN delay ON delay.seconds <= bound.seconds GROUP BY bound.seconds
            UNION ALL SELECT 'sum', coalesce(sum(seconds), 0) FROM delay
            """)
        var samples = delays.filter { $0.label != "sum" }
            .map { (bound: $0.label == "Infinity" ? Double.infinity : Double($0.label) ?? .infinity, count: $0.value) }
            .sorted { $0.bound < $1.bound }
            .map {
                Exposition.Sample(suffix: "_bucket", labels: [("le", Exposition.number($0.bound))], value: $0.count)
            }
        guard let count = samples.last?.value, let sum = delays.first(where: { $0.label == "sum" }) else { return }
        samples += [.init(suffix: "_gsum", value: sum.value), .init(suffix: "_gcount", value: count)]
        exposition.add(
            "hazecast_recent_forecast_delay_seconds", .gaugehistogram, unit: "seconds",
            "From a reading to its first forecast, of those issued in the last hour.", samples)
    }

    private static func quality(_ database: Database, _ exposition: inout Exposition) async throws(PostgresError) {
        let flags = try await group(
            database,
            """
            SELECT flag, count(*)::float8 FROM hazecast.reading_flag
            WHERE observed_at > now() - interval '24 hours' AND observed_at <= now() GROUP BY flag ORDER BY flag
            """)
        exposition.add(
            "hazecast_readings_flagged", .gauge, "Readings of the last 24 hours by flag.", samples("flag", flags))
        let skill = try await group(
            database, "SELECT '', avg(live_skill)::float8 FROM hazecast.status WHERE kind = 'station'")
        exposition.add(
            "hazecast_skill_ratio", .gauge, unit: "ratio",
            "Mean live skill of the models against persistence: above 0 is better.", skill.first?.value)
        let inside = try await group(
            database,
            """
            WITH settled AS (
                SELECT sum(n.n) AS n, sum(n.outside80) AS outside80, sum(n.outside95) AS outside95
                FROM hazecast.live_day CROSS JOIN LATERAL unnest(n, outside80, outside95) AS n (n, outside80, outside95)
                WHERE live_day.day = (now() AT TIME ZONE 'UTC')::date - 1
            )
            SELECT '80', (1 - outside80::float8 / nullif(n, 0)) FROM settled
            UNION ALL SELECT '95', (1 - outside95::float8 / nullif(n, 0)) FROM settled
            """)
        exposition.add(
            "hazecast_band_coverage_ratio", .gauge, unit: "ratio",
            "Share of yesterday's observations inside the bands, by their nominal percentage.", samples("band", inside))
    }
}
