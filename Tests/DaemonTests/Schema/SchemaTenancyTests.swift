import Postgres
import TestSupport
import Testing

/// Readers who see some stations only.
@Suite(.serialized) struct SchemaTenancyTests {
    private static let fill = """
        INSERT INTO hazecast.station (name, labels) VALUES
            ('east 1', '{"district": "east"}'), ('east 2', '{"district": "east", "roof": true}'), ('west', '{"district": "west"}');
        INSERT INTO hazecast.reading (station_id, observed_at, pm25)
        SELECT id, hour, id FROM hazecast.station, (VALUES ('2014-01-01 00:00+00'::timestamptz), ('2014-01-01 01:00+00')) AS h (hour);
        INSERT INTO hazecast.reading_flag SELECT id, '2014-01-01 00:00+00', 'pm25', 'negative' FROM hazecast.station;
        INSERT INTO hazecast.station_outage SELECT id, '2014-01-01 00:00+00', 'gap', now() FROM hazecast.station;
        INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
        SELECT id, '2014-01-01 00:00+00'::timestamptz, 1, 1, array_fill(100::real, ARRAY[24]), 0 FROM hazecast.station;
        INSERT INTO hazecast.alert_rule (name, level) VALUES ('all', 75);
        SELECT hazecast.evaluate_alerts(
            array_agg(id), array_agg('2014-01-01 00:00+00'::timestamptz), array_agg(1)) FROM hazecast.station;
        """

    /// Roles belong to the server, so the tests of this suite take turns and clean up.
    private func withTenants(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                \(Self.fill)
                CREATE ROLE tenancy_east LOGIN; CREATE ROLE tenancy_west LOGIN; CREATE ROLE tenancy_none LOGIN;
                CREATE ROLE tenancy_all LOGIN IN ROLE hazecast_reader; CREATE ROLE tenancy_logger LOGIN IN ROLE hazecast_writer;
                CREATE ROLE tenancy_daemon LOGIN IN ROLE hazecast_daemon;
                GRANT hazecast_tenant TO tenancy_none;
                SELECT hazecast.restrict_reader('tenancy_east', '{"district": "east"}'),
                    hazecast.restrict_reader('tenancy_west', '{"district": "west"}')
                """)
            let outcome: Result<Void, any Error>
            do {
                try await body(database)
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            try await database.run(
                """
                DROP ROLE tenancy_east, tenancy_west, tenancy_none, tenancy_all, tenancy_logger, tenancy_daemon
                """)
            try outcome.get()
        }
    }

    private static let perStation = [
        "station": "name", "reading": "station_id", "reading_flag": "station_id", "forecast_ledger": "station_id",
        "station_outage": "station_id", "alert": "station_id", "forecast": "station", "latest_forecast": "station",
        "status": "name", "standing_alert": "station", "exceedance(75)": "station",
        "observation": "station_id", "forecast_vs_observed": "station", "forecast_as_of(now())": "station",
    ]

    @Test func tenantsDoNotSeeEachOther() async throws {
        try await withTenants { database in
            for (role, stations) in [
                "tenancy_east": 2, "tenancy_west": 1, "tenancy_all": 3, "tenancy_none": 0,
            ] {
                let connection = try await database.connect(as: role)
                // Compiling a question over all hours into machine code would take seconds for three rows.
                try await connection.run(script: "SET jit = off")
                for (object, column) in Self.perStation {
                    let condition = object == "status" ? "WHERE kind = 'station'" : ""
                    let seen = try await connection.query(
                        "SELECT count(DISTINCT \(column)) FROM hazecast.\(object) \(condition)"
                    ).single().decode(Int64.self, at: 0)
                    #expect(seen == Int64(stations), "\(role): \(object)")
                }
                await connection.close()
            }
        }
    }

    @Test func noRoleThatATenantCanAssumeSeesMore() async throws {
        try await withTenants { database in
            let east = try await database.connect(as: "tenancy_east")
            for role in ["hazecast_reader", "hazecast_writer", "hazecast_daemon", "tenancy_west", "tenancy_all"] {
                #expect(try await sqlState(of: "SET ROLE \(role)", on: east) == "42501", "\(role)")
            }
            try await east.run(script: "SET ROLE hazecast_tenant")
            let seen = try await east.query("SELECT count(*) FROM hazecast.station").single().decode(Int64.self, at: 0)
            #expect(seen == 0)
            await east.close()
            // A pool that logs in for several tenants and assumes one sees that one's stations.
            try await database.run("GRANT tenancy_east, tenancy_west TO tenancy_none")
            let pool = try await database.connect(as: "tenancy_none")
            for (role, stations) in [("tenancy_east", Int64(2)), ("tenancy_west", 1)] {
                try await pool.run(script: "SET ROLE \(role)")
                #expect(
                    try await pool.query("SELECT count(*) FROM hazecast.station").single().decode(Int64.self, at: 0)
                        == stations)
            }
            await pool.close()
        }
    }

    @Test func tenantsOnlyRead() async throws {
        try await withTenants { database in
            let east = try await database.connect(as: "tenancy_east")
            for statement in [
                "INSERT INTO hazecast.station (name) VALUES ('x')", "UPDATE hazecast.reading SET pm25 = 1",
                "DELETE FROM hazecast.alert", "TABLE hazecast.alert_rule", "TABLE hazecast.reader_scope",
                "SELECT document FROM hazecast.model", "TABLE hazecast.training_result", "TABLE hazecast.activation",
                "TABLE hazecast.reading_2014", "TABLE hazecast.forecast_ledger_2014",
                "SELECT hazecast.restrict_reader('tenancy_west', '{\"a\": 1}')",
                "SELECT hazecast.release_reader('tenancy_east')", "SELECT hazecast.switch_tenancy(false)",
            ] {
                #expect(try await sqlState(of: statement, on: east) == "42501", "\(statement)")
            }
            await east.close()
        }
    }

    /// A function that a tenant calls in a condition must not be shown rows that are not its own.
    @Test func conditionsOfATenantsOwnSeeItsRowsOnly() async throws {
        try await withTenants { database in
            let east = try await database.connect(as: "tenancy_east")
            try await east.run(
                script: """
                    CREATE FUNCTION pg_temp.peek(station integer) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
                    BEGIN IF station = 3 THEN RAISE 'seen'; END IF; RETURN true; END $$;
                    SELECT count(*) FROM hazecast.reading WHERE pg_temp.peek(station_id);
                    SELECT count(*) FROM hazecast.forecast_ledger WHERE pg_temp.peek(station_id);
                    DROP FUNCTION pg_temp.peek -- or its owner could not be dropped until this session has ended
                    """)
            await east.close()
        }
    }

    @Test func writersAndTheDaemonWorkOn() async throws {
        try await withTenants { database in
            let logger = try await database.connect(as: "tenancy_logger")
            try await logger.run(
                script: """
                    INSERT INTO hazecast.station (name) VALUES ('new');
                    INSERT INTO hazecast.reading (station_id, observed_at, pm25) VALUES (3, '2014-01-01 00:00+00', 5)
                    ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25
                    """)
            await logger.close()
            let daemon = try await database.connect(as: "tenancy_daemon")
            try await daemon.run(
                script: """
                    INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
                    VALUES (3, '2014-01-01 00:00+00', 2, 1, array_fill(1::real, ARRAY[24]), 0);
                    DELETE FROM hazecast.station_outage
                    """)
            await daemon.close()
            #expect(try await database.value("SELECT count(*) FROM hazecast.station_outage", as: Int64.self) == 0)
            try await database.run("DELETE FROM hazecast.reading WHERE station_id = 3")
        }
    }

    @Test func whoSeesEverythingCannotBeRestricted() async throws {
        try await withTenants { database in
            for (arguments, state) in [
                (#"'tenancy_logger', '{"district": "east"}'"#, "0LP01"),
                (#"'tenancy"; DROP ROLE x', '{"district": "east"}'"#, "42704"), ("'tenancy_east', '{}'", "23514"),
            ] {
                let refused = try await sqlState(
                    of: "SELECT hazecast.restrict_reader(\(arguments))", on: database.owner)
                #expect(refused == state, "\(arguments)")
            }
        }
    }

    @Test func rowLevelSecurityIsOnWhileThereIsAScope() async throws {
        try await withTenants { database in
            let protected =
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'hazecast'::regnamespace AND relrowsecurity"
            #expect(try await database.value(protected, as: Int64.self) >= 9)
            try await database.run("SELECT hazecast.release_reader('tenancy_east')")
            #expect(try await database.value(protected, as: Int64.self) >= 9)
            try await database.run("SELECT hazecast.release_reader('tenancy_west')")
            #expect(try await database.value(protected, as: Int64.self) == 0)
        }
    }

    /// `admit_tenants`, with which each run of `hazecast migrate` ends, reaches all that readers see.
    @Test func whatReadersSeeIsProtected() async throws {
        try await MigratedDatabase.with { database in
            let before = try await SchemaDump(database).lines
            try await database.run("SELECT hazecast.admit_tenants()")
            #expect(try await SchemaDump(database).lines == before)
            let open = try await database.column(
                """
                SELECT relname::text FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p')
                    AND relname NOT IN ('schema_file', 'retention', 'quality_rule', 'air_quality_standard', 'air_quality_breakpoint')
                    AND has_any_column_privilege('hazecast_tenant', oid, 'SELECT')
                    AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polname = 'tenant')
                UNION ALL
                SELECT relname::text FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind = 'v'
                    AND has_table_privilege('hazecast_tenant', oid, 'SELECT')
                    AND ('security_invoker=true' = ANY (reloptions)) IS NOT TRUE
                UNION ALL
                SELECT proname::text FROM pg_proc
                WHERE pronamespace = 'hazecast'::regnamespace AND prosecdef
                    AND has_function_privilege('hazecast_tenant', oid, 'EXECUTE')
                    AND proname NOT IN ('scopes', 'models_in_scope')
                """)
            #expect(open == [])
        }
    }
}
