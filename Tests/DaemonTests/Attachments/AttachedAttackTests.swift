import Postgres
import TestSupport
import Testing

@testable import Daemon

/// An operator who wants more than the right to attach tables.
struct AttachedAttackTests {
    /// Code of the attacker's that tries everything which can be tried without an error, and then says with whose rights it ran.
    private static let code = """
        CREATE ROLE attack_op; GRANT hazecast_operator TO attack_op; CREATE SCHEMA mine AUTHORIZATION attack_op;
        CREATE ROLE attack_daemon LOGIN; GRANT hazecast_daemon TO attack_daemon;
        CREATE TABLE public.others (site text, at timestamptz PRIMARY KEY, x real);
        CREATE TABLE public.loot (what text);
        GRANT INSERT, SELECT ON public.loot TO PUBLIC;
        SET ROLE attack_op;
        CREATE FUNCTION mine.late() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE 'ALTER ROLE attack_op SUPERUSER';
            RETURN NULL;
        END $$;
        CREATE TABLE mine.trap (n int);
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON mine.trap DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION mine.late();
        GRANT INSERT ON mine.trap TO PUBLIC; GRANT USAGE ON SCHEMA mine TO PUBLIC;
        CREATE FUNCTION mine.deed(what text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE what;
        EXCEPTION WHEN OTHERS THEN NULL;
        END $$;
        CREATE FUNCTION mine.inner_code() RETURNS int VOLATILE LANGUAGE plpgsql AS $$
        DECLARE
            deed text;
        BEGIN
            FOREACH deed IN ARRAY ARRAY[
                'RESET ROLE', 'SET ROLE attack_daemon', 'SET ROLE hazecast_daemon', 'SET SESSION AUTHORIZATION DEFAULT',
                'ALTER ROLE attack_op SUPERUSER', 'GRANT hazecast_daemon TO attack_op', 'GRANT hazecast_writer TO attack_op',
                'INSERT INTO mine.trap VALUES (1)', 'SET TRANSACTION READ WRITE', 'SET transaction_read_only = off',
                'INSERT INTO public.loot SELECT x::text FROM public.others',
                'INSERT INTO hazecast.station (name) VALUES (''attack'')', 'DELETE FROM hazecast.attachment_change',
                'SELECT pg_advisory_unlock_all()', 'UNLISTEN *', 'NOTIFY hazecast_arrival', 'DISCARD TEMP', 'DEALLOCATE ALL',
                'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
                'ALTER FUNCTION pg_temp.hazecast_read() SECURITY INVOKER', 'DROP FUNCTION pg_temp.hazecast_read()',
                'SELECT set_config(''search_path'', ''mine, pg_catalog'', false)',
                'SELECT set_config(''hazecast.far'', ''1'', false)', 'SELECT set_config(''statement_timeout'', ''1'', false)'
            ] LOOP
                PERFORM mine.deed(deed);
            END LOOP;
            RAISE EXCEPTION 'ran as %, in a session of %, super %', regexp_replace(current_user::text, '[0-9_]+$', ''),
                session_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
        END $$;
        CREATE FUNCTION mine.code(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
        BEGIN
            IF current_user = 'attack_op' THEN RETURN 1; END IF;
            RETURN mine.inner_code();
        END $$;
        CREATE FUNCTION mine.code_text(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT mine.code(1)::text $$;
        CREATE FUNCTION mine.code_compare(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT mine.code(1) - 1 $$;
        CREATE FUNCTION mine.code_real(real) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT mine.code(1) = 1 $$;
        CREATE TYPE mine.word AS ENUM ('a', 'b');
        CREATE FUNCTION mine.code_word(mine.word) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT mine.code(1)::text $$;
        RESET ROLE;
        """

    /// Where the code is hidden, and whether it runs when the table is read.
    private static let traps: [(name: String, sql: String, runs: Bool)] = [
        (
            "an index expression",
            "CREATE TABLE mine.t0 (site text, at timestamptz, x real); CREATE INDEX ON mine.t0 ((mine.code(1)))", true
        ),
        (
            "a partial index",
            "CREATE TABLE mine.t1 (site text, at timestamptz, x real); CREATE INDEX ON mine.t1 (at) WHERE mine.code(1) = 1",
            true
        ),
        (
            "a generated column",
            "CREATE TABLE mine.t2 (site text, at timestamptz, x real, y text GENERATED ALWAYS AS (mine.code_text('')) STORED)",
            false
        ),
        (
            "a view",
            "CREATE VIEW mine.t3 AS SELECT 'a'::text AS site, now() - interval '2 hours' AS at, mine.code(1)::real AS x",
            true
        ),
        (
            "a rule",
            "CREATE TABLE mine.t4 (site text, at timestamptz, x real); CREATE RULE r AS ON UPDATE TO mine.t4 DO ALSO SELECT mine.code(1)",
            false
        ),
        (
            "a domain check",
            "CREATE DOMAIN mine.d AS real CHECK (mine.code_real(VALUE)); CREATE TABLE mine.t5 (site text, at timestamptz, x mine.d)",
            false
        ),
        ("a default", "CREATE TABLE mine.t6 (site text, at timestamptz, x real DEFAULT mine.code(1))", false),
        (
            "statistics of an expression",
            "CREATE TABLE mine.t7 (site text, at timestamptz, x real); CREATE STATISTICS mine.s ON (mine.code_text(site)), x FROM mine.t7",
            false
        ),
    ]

    /// What the attacker must not have changed.
    private static let spoils = """
        SELECT concat_ws(' ', (SELECT rolsuper FROM pg_roles WHERE rolname = 'attack_op'),
            pg_has_role('attack_op', 'hazecast_daemon', 'MEMBER'), pg_has_role('attack_op', 'hazecast_writer', 'MEMBER'),
            (SELECT count(*) FROM public.loot), (SELECT count(*) FROM hazecast.station WHERE name = 'attack'))
        """

    @Test(arguments: [true, false]) func codeInATableGainsAndDisturbsNothing(ownerIsSuperuser: Bool) async throws {
        try await MigratedDatabase.with(deadline: .seconds(120)) { database in
            try await database.run(Self.code)
            if !ownerIsSuperuser { try await Self.giveSchemaAway(database) }
            for trap in Self.traps { try await database.run("SET ROLE attack_op; \(trap.sql); RESET ROLE") }
            let op = try await database.connect(as: "attack_op")
            for (number, trap) in Self.traps.enumerated() {
                // Nothing of theirs runs while they attach, with anybody's rights but their own.
                try await op.run(
                    script: "SELECT hazecast.attach('mine.t\(number)', 'site', 'at', pm25 => 'x', backfill => '1 day')")
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
            var upkeep = AttachmentUpkeep()
            let now = try await database.value("SELECT clock_timestamp()", as: PostgresTimestamp.self)
            _ = try await upkeep.settle(on: daemon, reader: AttachedReader(conninfo: conninfo), at: now)
            for (number, trap) in Self.traps.enumerated() {
                let error = try await database.value(
                    "SELECT error FROM hazecast.attachments WHERE source = 'mine.t\(number)'", as: String?.self)
                let ran = "ran as hazecast_reads, in a session of attack_daemon, super f"
                #expect(error == (trap.runs ? ran : nil), "\(trap.name)")
            }
            #expect(try await database.value(Self.spoils, as: String.self) == "f f f 0 0")
            let kept = try await daemon.query(
                """
                SELECT concat_ws(' ', \(Leadership.isHeldSQL()), current_setting('hazecast.far'), current_setting('search_path'),
                    (SELECT count(*) FROM pg_prepared_statements WHERE name = 'kept'), to_regclass('pg_temp.kept'),
                    (SELECT string_agg(c, '') FROM pg_listening_channels() AS c), current_user)
                """
            ).single().decode(String.self, at: 0)
            #expect(kept == "t 7 \"$user\", public 1 kept kept attack_daemon")
            #expect(try await database.readings().count == 1, "the other table is read")
            // No reading session, and no lock of one, is left.
            try await eventually {
                try await database.value(
                    "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'hazecast reader'",
                    as: Bool.self)
            }
            await daemon.close()
            for number in Self.traps.indices { try await op.run(script: "SELECT hazecast.detach('mine.t\(number)')") }
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
            "DROP SCHEMA mine CASCADE; DROP TABLE public.others, public.loot; DROP SCHEMA hazecast CASCADE")
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
                SELECT hazecast.attach('trap', 'site', 'at', pm25 => 'x'), hazecast.attach('fine', 'site', 'at', pm25 => 'x');
                INSERT INTO trap VALUES ('a', '2025-01-05 07:00Z', 1);
                INSERT INTO fine VALUES ('a', '2025-01-05 08:00Z', 2);
                """)
            var upkeep = AttachmentUpkeep()
            let now = try await database.value("SELECT clock_timestamp()", as: PostgresTimestamp.self)
            let reader = AttachedReader(conninfo: database.conninfo, deadline: .seconds(1))
            let failures = try await upkeep.settle(on: database.owner, reader: reader, at: now)
            #expect(failures.count == 1 && failures.first?.hasPrefix("public.trap: ") == true, "\(failures)")
            #expect(try await database.readings() == ["a 01-05 08 2"])
            try await eventually {
                try await database.value(
                    "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'hazecast reader'",
                    as: Bool.self)
            }
        }
    }

    /// A trigger of one's own on a table of one's own notes nothing for others, and reads nothing with the owner's rights.
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
                    "SELECT DISTINCT source FROM hazecast.attachment_change JOIN hazecast.attachments AS a ON a.id = attachment"
                )
                    == ["mine.t"])
            try await database.run(
                "SELECT hazecast.detach('mine.t'); DROP SCHEMA mine CASCADE; DROP OWNED BY attack_trigger; DROP ROLE attack_trigger"
            )
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
                INSERT INTO a SELECT 's', date_trunc('hour', now()) - n * interval '1 hour', CASE n WHEN 3 THEN 10 ELSE n END
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
