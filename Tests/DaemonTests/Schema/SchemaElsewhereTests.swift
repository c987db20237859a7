import Postgres
import TestSupport
import Testing

@testable import Daemon

/// The schema in databases that others have set up in their way.
struct SchemaElsewhereTests {
    /// A publication of all tables makes UPDATE and DELETE fail where a table has no replica identity.
    @Test func everyTableHasAReplicaIdentity() async throws {
        try await MigratedDatabase.with { database in
            let without = try await database.column(
                """
                SELECT oid::regclass::text FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p') AND relreplident <> 'f'
                    AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)
                """)
            #expect(without == [])
        }
    }

    @Test func aPublicationOfAllTablesStopsNothing() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                SET client_min_messages = error;
                CREATE PUBLICATION everything FOR ALL TABLES;
                INSERT INTO hazecast.station (name) VALUES ('roof');
                SELECT hazecast.promote('chapter'), hazecast.promote('operational', 'roof'), hazecast.rollback('roof'),
                    hazecast.promote('operational', 'roof');
                CREATE TABLE public.log (site text, ts timestamptz, pm25 text);
                CREATE INDEX ON public.log (site, ts);
                SELECT hazecast.attach('public.log', station => 'site', observed_at => 'ts', pm25 => 'pm25');
                INSERT INTO public.log SELECT 'a', now() - interval '2 hours', unnest(ARRAY['n/a', 'x']);
                """)
            try await database.settle()
            try await database.run("INSERT INTO public.log VALUES ('a', now() - interval '2 hours', 'n/a')")
            try await database.settle()
            #expect(try await database.column("SELECT error FROM hazecast.attachments WHERE error IS NOT NULL") == [])
            try await database.run(
                """
                SELECT hazecast.detach('public.log');
                DELETE FROM hazecast.station WHERE name = 'roof'
                """)
            #expect(try await database.column("SELECT name FROM hazecast.station WHERE name = 'roof'") == [])
        }
    }

    /// Some tools set it for a role or a database.
    @Test func identifiersMayBeQuotedEverywhere() async throws {
        try await TestDatabase.withDatabase { conninfo in
            try await withDeadline(.seconds(60)) {
                let owner = try await Connection.connect(conninfo, applicationName: "owner")
                let name = try await owner.query("SELECT current_database()::text").single().decode(String.self, at: 0)
                try await owner.run(script: "ALTER DATABASE \(name) SET quote_all_identifiers = on")
                let migrated = try await Executable.hazecast.run(["migrate", "--database", conninfo])
                #expect(migrated.status == 0, "\(migrated.standardError)")
                let other = try await Connection.connect(conninfo, applicationName: "test")
                try await other.run(
                    script: """
                        CREATE TABLE public.log (site text, ts timestamptz, pm25 real);
                        CREATE INDEX ON public.log (site, ts);
                        INSERT INTO hazecast.station (name) VALUES ('a');
                        SELECT hazecast.attach('public.log', station => 'site', observed_at => 'ts', pm25 => 'pm25');
                        INSERT INTO public.log VALUES ('a', date_trunc('hour', now(), 'UTC') - interval '2 hours', 4)
                        """)
                try await MigratedDatabase(conninfo: conninfo, owner: other).settle()
                try await other.run(
                    script: """
                        DO $$
                        DECLARE
                            last text := (SELECT max(relname) FROM pg_class WHERE relname LIKE 'reading\\_2%\\_12'
                                AND relnamespace = 'hazecast'::regnamespace);
                        BEGIN
                            EXECUTE format('DROP TABLE hazecast.%I', last);
                        END
                        $$;
                        SELECT hazecast.maintain_partitions();
                        SELECT hazecast.detach('public.log')
                        """)
                let readings = try await other.query("SELECT count(*) FROM hazecast.reading WHERE pm25 = 4")
                #expect(try readings.single().decode(Int64.self, at: 0) == 1)
                for connection in [other, owner] { await connection.close() }
            }
        }
    }

    /// Declared so, they are called once for a plan or an index; with a clock in them they are not.
    @Test func whatIsImmutableReadsNoClock() async throws {
        try await MigratedDatabase.with { database in
            let clocks = try await database.column(
                """
                SELECT proname::text FROM pg_proc
                WHERE pronamespace = 'hazecast'::regnamespace AND provolatile = 'i'
                    AND pg_get_functiondef(oid) ~* '(now|_timestamp|timeofday)\\(|current_(date|time)'
                ORDER BY proname
                """)
            // docs/decisions/0014 says why these may, and why nothing wrong comes of it.
            #expect(clocks == ["recent_since", "recent_until"])
        }
    }

    /// An INSERT that does not name its columns breaks with the next column.
    @Test func everyInsertNamesItsColumns() {
        for file in SchemaFile.embedded {
            for insert in file.sql.matches(of: #/INSERT INTO\s+(?<target>\S+)(\s+AS\s+\w+)?\s+(?<next>\S+)/#) {
                let next = insert.next
                #expect(next.hasPrefix("(") || next == "DEFAULT", "\(file.name): \(insert.0)")
            }
        }
    }
}
