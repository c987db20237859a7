import Postgres
import TestSupport
import Testing

@testable import Daemon

/// An operator who wants more than the right to attach tables.
struct AttachedAttackTests {
    /// What the attacker must not have changed.
    private static let spoils = """
        SELECT concat_ws(' ', (SELECT rolsuper FROM pg_roles WHERE rolname = 'attack_op'),
            pg_has_role('attack_op', 'hazecast_daemon', 'MEMBER'), pg_has_role('attack_op', 'hazecast_writer', 'MEMBER'),
            (SELECT count(*) FROM public.loot), (SELECT count(*) FROM hazecast.station WHERE name = 'attack'))
        """

    @Test(arguments: [true, false]) func codeInATableGainsAndDisturbsNothing(ownerIsSuperuser: Bool) async throws {
        try await MigratedDatabase.with(deadline: .seconds(120)) { database in
            try await database.run(Attacker.code)
            if !ownerIsSuperuser { try await Self.giveSchemaAway(database) }
            let op = try await database.connect(as: "attack_op")
            for (number, trap) in Attacker.traps.enumerated() {
                // Nothing of theirs runs while they attach and write, with anybody's rights but their own.
                try await op.run(script: trap.text(trap.sql, number))
                try await op.run(
                    script: "SELECT hazecast.attach('mine.t\(number)', 'site', 'at', pm25 => 'x', backfill => '1 day')")
                if trap.isTable {
                    try await op.run(
                        script: """
                            INSERT INTO mine.t\(number) (site, at, x)
                            SELECT 'a', date_trunc('hour', now()) - n * interval '1 hour', 1 FROM generate_series(2, 5) AS n;
                            UPDATE ONLY mine.t\(number) SET x = 1; DELETE FROM ONLY mine.t\(number) WHERE at < now() - interval '4 hours'
                            """)
                }
                try await op.run(script: trap.text(trap.after, number))
                #expect(try await database.value(Self.spoils, as: String.self) == "f f f 0 0", "\(trap.name)")
            }
            try await database.run(
                """
                SELECT hazecast.attach('public.others', 'site', 'at', pm25 => 'x');
                INSERT INTO public.others VALUES ('b', date_trunc('hour', now()) - interval '2 hours', 5)
                """)
            // The daemon: a lock, a setting, a statement and a table of its session.
            let conninfo = database.conninfo + " user=attack_daemon"
            let daemon = try await Connection.connect(conninfo, applicationName: "daemon")
            #expect(try await Leadership.tryToTake(on: daemon))
            try await daemon.run(
                script: "SET hazecast.far = '7'; PREPARE kept AS SELECT 1; CREATE TEMP TABLE kept (); LISTEN kept")
            var tables = AttachedTables()
            let now = try await database.value("SELECT clock_timestamp()", as: PostgresTimestamp.self)
            _ = try await tables.settle(on: daemon, reader: AttachedReader(conninfo: conninfo), at: now)
            for (number, trap) in Attacker.traps.enumerated() {
                let error = try await database.value(
                    "SELECT error FROM hazecast.attachments WHERE source = 'mine.t\(number)'", as: String?.self)
                #expect(error == trap.error.map { trap.text($0, number) }, "\(trap.name)")
            }
            #expect(try await database.value(Self.spoils, as: String.self) == "f f f 0 0")
            let kept = try await daemon.query(
                """
                SELECT concat_ws(' ', \(Leadership.isHeldSQL()), current_setting('hazecast.far'),
                    current_setting('search_path'),
                    (SELECT count(*) FROM pg_prepared_statements WHERE name = 'kept'), to_regclass('pg_temp.kept'),
                    (SELECT string_agg(c, '') FROM pg_listening_channels() AS c), current_user)
                """
            ).single().decode(String.self, at: 0)
            #expect(kept == "t 7 \"$user\", public 1 kept kept attack_daemon")
            #expect(try await database.readings().contains { $0.hasPrefix("b ") }, "the other table is read")
            // No reading session, and no lock of one, is left.
            try await eventually {
                try await database.value(
                    "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'hazecast reader'",
                    as: Bool.self)
            }
            await daemon.close()
            for number in Attacker.traps.indices {
                try await op.run(script: "SELECT hazecast.detach('mine.t\(number)')")
            }
            try await database.run("SELECT hazecast.detach('public.others')")
            #expect(
                try await database.value(
                    """
                    SELECT count(*) FROM pg_roles WHERE rolname LIKE 'hazecast_reads_'
                        || (SELECT oid FROM pg_database WHERE datname = current_database()) || '%'
                    """, as: Int64.self) == 0)
            await op.close()
            try await Self.tidy(database)
        }
    }

    /// Rights of the schema's owner that are no more than it needs.
    private static func giveSchemaAway(_ database: MigratedDatabase) async throws {
        try await database.run(
            """
            CREATE ROLE attack_owner CREATEROLE;
            GRANT CREATE ON SCHEMA hazecast TO attack_owner;
            ALTER SCHEMA hazecast OWNER TO attack_owner;
            DO $$
            DECLARE
                one record;
            BEGIN
                FOR one IN SELECT oid::regprocedure AS name FROM pg_proc
                    WHERE pronamespace = 'hazecast'::regnamespace AND prokind = 'f' LOOP
                    EXECUTE format('ALTER FUNCTION %s OWNER TO attack_owner', one.name);
                END LOOP;
                FOR one IN SELECT oid::regclass AS name FROM pg_class
                    WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v') LOOP
                    EXECUTE format('ALTER TABLE %s OWNER TO attack_owner', one.name);
                END LOOP;
            END $$;
            """)
    }

    private static func tidy(_ database: MigratedDatabase) async throws {
        try await database.run(
            """
            DROP SCHEMA mine CASCADE; DROP TABLE public.others, public.loot; DROP EXTENSION file_fdw CASCADE;
            DROP SCHEMA hazecast CASCADE
            """)
        for role in ["attack_op", "attack_daemon", "attack_owner"]
        where try await database.value("SELECT to_regrole('\(role)') IS NOT NULL", as: Bool.self) {
            try await database.run("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    /// A loop that catches the cancel of a timeout ends with its process, and the other tables are read.
    @Test func codeThatCatchesACancelIsTerminated() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE FUNCTION loop_for_ever(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
                BEGIN
                    IF current_user NOT LIKE 'hazecast_reads_%' THEN RETURN 1; END IF;
                    LOOP
                        BEGIN
                            PERFORM pg_sleep(60);
                        EXCEPTION WHEN query_canceled THEN NULL;
                        END;
                    END LOOP;
                END $$;
                CREATE TABLE trap (site text, at timestamptz, x real);
                CREATE INDEX ON trap ((loop_for_ever(1)));
                CREATE TABLE fine (site text, at timestamptz PRIMARY KEY, x real);
                SELECT hazecast.attach('trap', 'site', 'at', pm25 => 'x');
                SELECT hazecast.attach('fine', 'site', 'at', pm25 => 'x');
                INSERT INTO trap VALUES ('a', '2025-01-05 07:00Z', 1);
                INSERT INTO fine VALUES ('a', '2025-01-05 08:00Z', 2);
                """)
            var tables = AttachedTables()
            let now = try await database.value("SELECT clock_timestamp()", as: PostgresTimestamp.self)
            let reader = AttachedReader(conninfo: database.conninfo, deadline: .seconds(1))
            let failures = try await tables.settle(on: database.owner, reader: reader, at: now)
            #expect(failures.count == 1 && failures.first?.hasPrefix("public.trap: ") == true, "\(failures)")
            #expect(try await database.readings() == ["a 01-05 08 2"])
            try await eventually {
                try await database.value(
                    "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'hazecast reader'",
                    as: Bool.self)
            }
        }
    }

    /// A trigger of one's own on a table of one's own notes nothing for others, and reads nothing as the owner.
    @Test func theTriggerCannotBeTurnedOnOthers() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE ROLE attack_trigger; GRANT hazecast_operator TO attack_trigger;
                CREATE SCHEMA mine AUTHORIZATION attack_trigger;
                CREATE TABLE others (site text, at timestamptz PRIMARY KEY, x real);
                SELECT hazecast.attach('others', 'site', 'at', pm25 => 'x');
                SET ROLE attack_trigger;
                CREATE TABLE mine.t (site text, at timestamptz, x real);
                SELECT hazecast.attach('mine.t', 'site', 'at', pm25 => 'x');
                CREATE TRIGGER again AFTER INSERT ON mine.t EXECUTE FUNCTION hazecast.note_attached('1');
                CREATE FUNCTION mine.code() RETURNS text LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$;
                CREATE TEMP VIEW written AS SELECT mine.code() AS site, now() AS at, 1::real AS x;
                RESET ROLE;
                """)
            let op = try await database.connect(as: "attack_trigger")
            try await op.run(
                script: """
                    CREATE TEMP VIEW written AS SELECT mine.code() AS site, now() AS at, 1::real AS x;
                    INSERT INTO mine.t VALUES ('a', '2025-01-05 08:00Z', 2)
                    """)
            await op.close()
            #expect(
                try await database.column(
                    """
                    SELECT DISTINCT source
                    FROM hazecast.attachment_change JOIN hazecast.attachments AS a ON a.id = attachment
                    """)
                    == ["mine.t"])
            try await database.run(
                """
                SELECT hazecast.detach('mine.t'); DROP SCHEMA mine CASCADE;
                DROP OWNED BY attack_trigger; DROP ROLE attack_trigger
                """)
        }
    }

    /// Deleted rows remove what the attachment wrote itself, and nothing of a writer's or of another attachment's.
    @Test func deletedRowsRemoveNoReadingOfOthers() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                CREATE TABLE a (site text, at timestamptz, x real, PRIMARY KEY (site, at));
                CREATE TABLE b (LIKE a INCLUDING ALL);
                SELECT hazecast.attach('a', 'site', 'at', pm25 => 'x'), hazecast.attach('b', 'site', 'at', pm25 => 'x');
                INSERT INTO hazecast.station (name) VALUES ('s');
                INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                SELECT 1, date_trunc('hour', now()) - n * interval '1 hour', 10 FROM generate_series(3, 4) AS n;
                -- 3: as the writer has it; 4: another value; 5: ours, then the writer's; 6: ours, then b's; 7: ours.
                INSERT INTO a
                SELECT 's', date_trunc('hour', now()) - n * interval '1 hour', CASE n WHEN 3 THEN 10 ELSE n END
                FROM generate_series(3, 7) AS n;
                """)
            try await database.settle()
            try await database.run(
                """
                UPDATE hazecast.reading SET pm25 = 55 WHERE pm25 = 5;
                INSERT INTO b SELECT 's', date_trunc('hour', now()) - interval '6 hours', 6;
                """)
            try await database.settle()
            try await database.run("DELETE FROM a")
            try await database.settle()
            try await database.settle(at: "now() + interval '11 minutes'")
            #expect(
                try await database.column("SELECT pm25::text FROM hazecast.reading ORDER BY observed_at DESC")
                    == ["10", "4", "55", "6"])
        }
    }
}
