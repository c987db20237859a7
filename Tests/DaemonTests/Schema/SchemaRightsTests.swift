import Postgres
import TestSupport
import Testing

/// Who may do what: everything that is not granted is refused.
struct SchemaRightsTests {
    private static let fill = """
        INSERT INTO hazecast.station (name) VALUES ('a');
        INSERT INTO hazecast.reading (station_id, observed_at, pm25) VALUES (1, '2014-01-01 00:00+00', 1);
        INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
        VALUES (1, '2014-01-01 00:00+00', 1, 1, array_fill(1::real, ARRAY[24]), 0);
        """

    private static let asking = [
        "observation", "forecast_vs_observed WHERE station = 'a'", "forecast_as_of(now())", "skill()",
        "skill(station => 'a')",
        "exceedance_skill(75)", "exceedance(75)", "daily_max('UTC')", "nowcast('a')", "aqi(35, 'us-epa-2024')",
        "aqi_category(35, 'us-epa-2024')", "air_quality_standard", "air_quality_breakpoint",
    ].map { "SELECT * FROM hazecast.\($0)" }

    /// Runs each statement as a role, in a transaction of its own that is rolled back.
    private func attempt(
        _ statements: [String], as role: String, _ check: @escaping @Sendable (String, String?) -> Void
    )
        async throws
    {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            let connection = try await database.connect(as: role)
            for statement in statements {
                do throws(PostgresError) {
                    try await connection.run(script: "BEGIN; \(statement); SET CONSTRAINTS ALL IMMEDIATE")
                    check(statement, nil)
                } catch {
                    check(statement, error.sqlState ?? error.description)
                }
                try await connection.run(script: "ROLLBACK")
            }
            await connection.close()
        }
    }

    private func allowed(_ statements: [String], as role: String) async throws {
        try await attempt(statements, as: role) { #expect($1 == nil, "\(role): \($0)") }
    }

    private func refused(_ statements: [String], as role: String) async throws {
        try await attempt(statements, as: role) { #expect($1 == "42501", "\(role): \($0)") }
    }

    @Test func writersWriteReadingsAndStations() async throws {
        try await allowed(
            [
                """
                INSERT INTO hazecast.reading AS r
                    (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
                VALUES (1, '2014-01-01 00:00+00', 1, 2, 3, 4, 5, 6)
                ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25, wind_speed = excluded.wind_speed
                """,
                "UPDATE hazecast.reading SET observed_at = '2015-01-01 00:00+00' WHERE station_id = 1",
                "INSERT INTO hazecast.station (name, latitude, longitude, labels) VALUES ('b', 1, 1, '{}')",
                "INSERT INTO hazecast.station (name) VALUES ('a') ON CONFLICT (name) DO NOTHING",
                "SELECT hazecast.refresh()", "SELECT * FROM hazecast.schema_file",
            ], as: "hazecast_writer")
    }

    @Test func writersCannotTouchWhatTheDaemonReliesOn() async throws {
        try await refused(
            [
                "INSERT INTO hazecast.reading (station_id, observed_at, written_by) VALUES (1, '2015-01-01 00:00+00', '5')",
                "INSERT INTO hazecast.reading (station_id, observed_at, received_at) VALUES (1, '2015-01-01 00:00+00', now())",
                "UPDATE hazecast.reading SET written_by = '5'", "UPDATE hazecast.reading SET received_at = now()",
                "DELETE FROM hazecast.reading", "TRUNCATE hazecast.reading",
                "INSERT INTO hazecast.reading_2014 (station_id, observed_at) VALUES (1, '2014-02-01 00:00+00')",
                "INSERT INTO hazecast.reading_default (station_id, observed_at) VALUES (1, '1990-02-01 00:00+00')",
                "UPDATE hazecast.station SET name = 'x'", "DELETE FROM hazecast.station",
                "INSERT INTO hazecast.arrival DEFAULT VALUES", "DELETE FROM hazecast.arrival",
                "SELECT * FROM hazecast.arrival", "SELECT * FROM hazecast.forecast_ledger",
                "INSERT INTO hazecast.reading_flag VALUES (1, '2014-01-01 00:00+00', 'pm25', 'negative')",
                "DELETE FROM hazecast.reading_flag", "SELECT hazecast.maintain_partitions()",
                "SELECT hazecast.add_months('hazecast.reading', 'observed_at')",
                "INSERT INTO hazecast.active_model (model_id) VALUES (1)", "CREATE TABLE hazecast.mine ()",
                "ALTER TABLE hazecast.reading DISABLE TRIGGER ALL", "DROP TABLE hazecast.reading",
            ], as: "hazecast_writer")
    }

    @Test func readersOnlyRead() async throws {
        try await allowed(
            [
                "station", "reading", "reading_flag", "model", "active_model", "forecast_ledger", "forecast",
                "latest_forecast", "status", "daemon", "station_outage", "schema_file", "training_run",
                "training_result", "activation", "exceedance(75)", "quality_rule", "retention", "alert_rule", "alert",
                "standing_alert",
                "alert_rule_status",
            ].map { "SELECT * FROM hazecast.\($0)" } + Self.asking, as: "hazecast_reader")
        try await refused(
            [
                "SELECT * FROM hazecast.arrival", "INSERT INTO hazecast.station (name) VALUES ('b')",
                "UPDATE hazecast.air_quality_breakpoint SET band = 0",
                "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '2015-01-01 00:00+00')",
                "UPDATE hazecast.reading SET pm25 = 1", "DELETE FROM hazecast.reading", "SELECT hazecast.refresh()",
                "SELECT hazecast.maintain_partitions()", "DELETE FROM hazecast.forecast_ledger",
                "UPDATE hazecast.active_model SET model_id = 1", "CREATE TABLE hazecast.mine ()",
                "UPDATE hazecast.quality_rule SET enabled = false",
                "SELECT hazecast.request_retrain()", "SELECT hazecast.promote('chapter')", "SELECT hazecast.rollback()",
                "INSERT INTO hazecast.alert_rule (name, level) VALUES ('x', 1)", "DELETE FROM hazecast.alert",
                "TABLE hazecast.reader_scope", "SELECT hazecast.scopes('postgres')",
                "SELECT hazecast.restrict_reader('hazecast_reader', '{\"a\": 1}')",
            ], as: "hazecast_reader")
    }

    @Test func operatorsChooseModels() async throws {
        try await allowed(
            [
                "SELECT hazecast.request_retrain()", "SELECT hazecast.promote('operational')",
                "SELECT hazecast.promote('chapter', 'a')",
                "UPDATE hazecast.quality_rule SET hours = 8, level = 2 WHERE flag = 'stuck'",
                "TABLE hazecast.quality_rule",
                "SELECT hazecast.promote('chapter', 'a'), hazecast.rollback('a')",
            ]
                + [
                    "training_run", "training_result", "activation", "model", "active_model", "station", "status",
                    "daemon", "station_outage", "schema_file", "reading", "reading_flag", "forecast_ledger", "forecast",
                    "latest_forecast",
                ].map { "TABLE hazecast.\($0)" } + Self.asking, as: "hazecast_operator")
        try await refused(
            [
                "INSERT INTO hazecast.training_run (why) VALUES ('x')", "DELETE FROM hazecast.training_run",
                "UPDATE hazecast.training_run SET state = 'promoted'", "DELETE FROM hazecast.activation",
                "UPDATE hazecast.activation SET by_whom = 'x'", "UPDATE hazecast.active_model SET model_id = 1",
                "INSERT INTO hazecast.model (name, document) VALUES ('x', '{}')", "SELECT hazecast.activate(1, 1, 'x')",
                "SELECT hazecast.activate_challengers(1)", "SELECT hazecast.close_lost_runs()",
                "UPDATE hazecast.reading SET pm25 = 1", "TABLE hazecast.arrival", "CREATE TABLE hazecast.mine ()",
                "DELETE FROM hazecast.quality_rule", "UPDATE hazecast.quality_rule SET flag = 'stuck'",
            ], as: "hazecast_operator")
    }

    @Test func operatorsManageAlertRules() async throws {
        try await allowed(
            [
                """
                INSERT INTO hazecast.alert_rule (name, station_id, level, probability, quiet_period) VALUES ('r', 1, 75, .5, '1 hour');
                UPDATE hazecast.alert_rule SET enabled = false, level = 50; DELETE FROM hazecast.alert_rule
                """,
                "TABLE hazecast.alert", "TABLE hazecast.standing_alert", "TABLE hazecast.alert_rule_status",
            ], as: "hazecast_operator")
        try await refused(
            [
                "INSERT INTO hazecast.alert_rule (name, level, created_by) VALUES ('r', 75, 'somebody else')",
                "UPDATE hazecast.alert_rule SET created_by = 'x'", "DELETE FROM hazecast.alert",
                "UPDATE hazecast.alert SET cleared_at = now()", "SELECT hazecast.evaluate_alerts('{}', '{}', '{}')",
                "TABLE hazecast.reader_scope", "SELECT hazecast.admit_tenants()",
            ], as: "hazecast_operator")
    }

    @Test func theDaemonDoesItsWork() async throws {
        try await allowed(
            [
                """
                WITH claimed AS (DELETE FROM hazecast.arrival RETURNING written_by, reload)
                SELECT array_agg(DISTINCT written_by) FILTER (WHERE NOT reload), bool_or(reload) FROM claimed
                """,
                "SELECT * FROM hazecast.reading WHERE written_by = ANY('{3}'::xid8[])",
                """
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, issued_at, model_id, pm25, digest)
                VALUES (1, '2014-01-01 00:00+00', 2, now(), 1, array_fill(1::real, ARRAY[24]), 0)
                """,
                """
                INSERT INTO hazecast.station_outage VALUES (1, '2014-01-01 00:00+00', 'gap', now())
                ON CONFLICT (station_id) DO UPDATE SET reason = excluded.reason
                """,
                "UPDATE hazecast.station_outage SET reason = 'x'", "DELETE FROM hazecast.station_outage",
                """
                INSERT INTO hazecast.reading_flag VALUES (1, '2014-01-01 00:00+00', 'pm25', 'negative')
                ON CONFLICT DO NOTHING
                """,
                "DELETE FROM hazecast.reading_flag",
                """
                INSERT INTO hazecast.daemon (instance, host, pid, version, role)
                VALUES (gen_random_uuid(), 'h', 1, '1', 'active') ON CONFLICT (instance) DO UPDATE SET heartbeat = now()
                """,
                "DELETE FROM hazecast.daemon", "SELECT hazecast.maintain_partitions()", "SELECT hazecast.refresh()",
                "TABLE hazecast.status", "TABLE hazecast.latest_forecast", "TABLE hazecast.forecast",
                "TABLE hazecast.schema_file", "TABLE hazecast.model", "TABLE hazecast.active_model",
                "TABLE hazecast.station",
                "LISTEN hazecast_arrival", "SELECT pg_try_advisory_lock(1)", "SELECT * FROM pg_locks",
                "SELECT hazecast.evaluate_alerts('{1}', '{2014-01-01 00:00+00}', '{1}')", "TABLE hazecast.alert",
                "SELECT hazecast.request_retrain('schedule')", "SELECT hazecast.close_lost_runs()",
                "UPDATE hazecast.training_run SET state = 'running', progress = 0.5, phase = 'x'",
                """
                INSERT INTO hazecast.model (name, document, parent_id, reason, code_version)
                SELECT 'x', document || jsonb_build_object('sha256', repeat('0', 64)), id, 'x', 'x'
                FROM hazecast.model WHERE name = 'chapter'
                """,
                """
                INSERT INTO hazecast.training_result
                    (run_id, verdict, reason, champion_id, stations, held_out_from, held_out_until, leads, origins,
                        persistence_rmse, champion_rmse)
                SELECT (hazecast.request_retrain()).training_run, 'rejected', 'x', 1, 1, now(), now(), '{1}', '{1}', '{1}', '{1}'
                """,
            ], as: "hazecast_daemon")
    }

    @Test func theDaemonCannotRewriteHistory() async throws {
        try await refused(
            [
                "UPDATE hazecast.forecast_ledger SET revision = 2", "DELETE FROM hazecast.forecast_ledger",
                "TRUNCATE hazecast.forecast_ledger", "DELETE FROM hazecast.forecast_ledger_2014",
                "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '2015-01-01 00:00+00')",
                "UPDATE hazecast.reading SET pm25 = 1", "DELETE FROM hazecast.reading",
                "INSERT INTO hazecast.arrival DEFAULT VALUES", "INSERT INTO hazecast.station (name) VALUES ('b')",
                "INSERT INTO hazecast.alert_rule (name, level) VALUES ('x', 1)", "DELETE FROM hazecast.alert",
                "UPDATE hazecast.alert SET cleared_at = NULL", "SELECT hazecast.switch_tenancy(false)",
                "UPDATE hazecast.schema_file SET sha256 = ''", "DROP TABLE hazecast.reading_2014",
                "UPDATE hazecast.model SET reason = 'x'", "DELETE FROM hazecast.model",
                "UPDATE hazecast.active_model SET model_id = 1", "INSERT INTO hazecast.active_model VALUES (1, 1)",
                "DELETE FROM hazecast.activation", "INSERT INTO hazecast.activation (model_id) VALUES (1)",
                "DELETE FROM hazecast.training_run", "INSERT INTO hazecast.training_run (why) VALUES ('x')",
                "UPDATE hazecast.training_run SET requested_by = 'x'",
                "UPDATE hazecast.training_result SET verdict = 'promoted'",
                "DELETE FROM hazecast.training_result", "SELECT hazecast.promote('chapter')",
                "SELECT hazecast.rollback()",
                "SELECT hazecast.activate(1, 1, 'x')",
                "DROP SCHEMA hazecast CASCADE", "ALTER TABLE hazecast.forecast_ledger ADD COLUMN x integer",
                "CREATE TABLE hazecast.mine ()",
            ], as: "hazecast_daemon")
    }

    @Test func thePublicMayDoNothing() async throws {
        try await MigratedDatabase.with { database in
            let granted = try await database.column(
                """
                SELECT nspname::text FROM pg_namespace, aclexplode(nspacl)
                WHERE nspname = 'hazecast' AND grantee = 0
                UNION ALL
                SELECT relname::text FROM pg_class, aclexplode(relacl)
                WHERE relnamespace = 'hazecast'::regnamespace AND grantee = 0
                UNION ALL
                SELECT proname::text FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
                WHERE pronamespace = 'hazecast'::regnamespace AND grantee = 0
                """)
            #expect(granted == [])
        }
    }

    /// What runs with the owner's rights must not find anybody else's functions and operators. A body that was parsed when
    /// it was made (`prosqlbody`) has found its own already, and `note_far` has the rights of whoever writes.
    @Test func everyFunctionFixesItsSearchPath() async throws {
        try await MigratedDatabase.with { database in
            let open = try await database.column(
                """
                SELECT proname::text FROM pg_proc
                WHERE pronamespace = 'hazecast'::regnamespace AND prosqlbody IS NULL
                    AND (proname <> 'note_far' OR prosecdef)
                    AND ('search_path=pg_catalog, pg_temp' = ANY(proconfig)) IS NOT TRUE
                """)
            #expect(open == [])
        }
    }
}
