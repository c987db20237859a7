import Postgres
import TestSupport
import Testing

/// Partitions: which there are, and how new ones come about without anybody noticing.
struct SchemaPartitionTests {
    /// Takes away the monthly partitions of one year of both tables, as if the year had not been made yet.
    private static func forget(yearsAhead: Int) -> String {
        """
        DO $$
        DECLARE name text;
        BEGIN
            FOR name IN
                SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'hazecast'::regnamespace AND relkind = 'r'
                AND relname LIKE '%\\_' || extract(year FROM now() AT TIME ZONE 'UTC') + \(yearsAhead) || '\\_%'
            LOOP EXECUTE 'DROP TABLE ' || name; END LOOP;
        END$$;
        """
    }

    private static let inTwoYears =
        "date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '2 years'"

    @Test(arguments: ["reading", "forecast_ledger"])
    func theyCoverTheYearsFrom2000ToTheOneAfterNextWithoutAGap(table: String) async throws {
        try await MigratedDatabase.with { database in
            let gaps = try await database.column(
                """
                WITH bounds AS (
                    SELECT
                        substring(pg_get_expr(relpartbound, c.oid) FROM $$FROM \\('(.*)'\\) TO$$)::timestamptz AS low,
                        substring(pg_get_expr(relpartbound, c.oid) FROM $$TO \\('(.*)'\\)$$)::timestamptz AS high
                    FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
                    WHERE inhparent = 'hazecast.\(table)'::regclass AND pg_get_expr(relpartbound, c.oid) <> 'DEFAULT')
                SELECT low::text FROM bounds
                WHERE low <> '2000-01-01 00:00+00' AND NOT EXISTS (SELECT FROM bounds AS b WHERE b.high = bounds.low)
                """)
            #expect(gaps == [])
            let count = try await database.value(
                """
                SELECT count(*) = extract(year FROM now() AT TIME ZONE 'UTC') - 2000 + 36
                FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
                WHERE inhparent = 'hazecast.\(table)'::regclass AND pg_get_expr(relpartbound, c.oid) <> 'DEFAULT'
                """, as: Bool.self)
            #expect(count, "yearly until last year, monthly for three years")
            #expect(try await database.value("SELECT hazecast.maintain_partitions()", as: Int32.self) == 0)
        }
    }

    /// Bounds are instants, whatever the time zone of the session that made them.
    @Test func monthsBeginInUTC() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                \(Self.forget(yearsAhead: 2)) SET timezone = 'America/New_York'; SET datestyle = 'German'
                """)
            #expect(try await database.value("SELECT hazecast.maintain_partitions()", as: Int32.self) == 24)
            try await database.run("SET timezone = 'UTC'; SET datestyle = 'ISO'")
            let odd = try await database.column(
                """
                SELECT pg_get_expr(relpartbound, oid) FROM pg_class
                WHERE relispartition AND relkind = 'r' AND relnamespace = 'hazecast'::regnamespace
                    AND pg_get_expr(relpartbound, oid) !~ '-01 00:00:00\\+00.*-01 00:00:00\\+00|DEFAULT'
                """)
            #expect(odd == [])
        }
    }

    @Test func rowsMoveOnFromTheDefaultPartitionUnchangedAndUnheard() async throws {
        try await MigratedDatabase.with { database in
            try await database.run("\(Self.forget(yearsAhead: 2)) INSERT INTO hazecast.station (name) VALUES ('a')")
            try await database.run(
                """
                INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                SELECT 1, hour, 7 FROM generate_series(
                    \(Self.inTwoYears) - interval '5 hours', \(Self.inTwoYears) + interval '40 days', interval '1 hour') AS hour;
                INSERT INTO hazecast.reading (station_id, observed_at)
                VALUES (1, '1970-01-01 00:00+00'), (1, '2262-01-01 00:00+00');
                INSERT INTO hazecast.reading_flag SELECT station_id, observed_at, 'observed_at', 'future' FROM hazecast.reading
                WHERE observed_at > now()
                """)
            let content = "SELECT md5(string_agg(reading::text, '|' ORDER BY observed_at)) FROM hazecast.reading"
            let before = try await database.value(content, as: String.self)
            let flags = try await database.value("SELECT count(*) FROM hazecast.reading_flag", as: Int.self)
            try await database.claim()

            #expect(try await database.value("SELECT hazecast.maintain_partitions()", as: Int32.self) == 24)

            #expect(try await database.value(content) == before)
            #expect(try await database.value("SELECT count(*) FROM hazecast.reading_flag") == flags)
            #expect(try await database.feed() == [])
            let left = "SELECT extract(year FROM observed_at)::text FROM hazecast.reading_default ORDER BY 1"
            #expect(try await database.column(left) == ["1970", "2262"])
        }
    }

    /// A new partition is one like the others: key, foreign key, check, index and triggers.
    @Test func newPartitionsAreLikeTheOthers() async throws {
        try await MigratedDatabase.with { database in
            try await database.run("\(Self.forget(yearsAhead: 2)) INSERT INTO hazecast.station (name) VALUES ('a')")
            try await database.run("SELECT hazecast.maintain_partitions()")
            try await database.run(
                "INSERT INTO hazecast.reading (station_id, observed_at) SELECT 1, \(Self.inTwoYears)")
            try await database.claim()
            try await database.run("UPDATE hazecast.reading SET pm25 = 1")
            #expect(try await database.feed() == ["rows 1"])
            for (row, state) in [
                ("9, \(Self.inTwoYears)", "23503"), ("1, \(Self.inTwoYears)", "23505"),
                ("1, \(Self.inTwoYears) + interval '1 minute'", "23514"),
            ] {
                let insert = "INSERT INTO hazecast.reading (station_id, observed_at) SELECT \(row)"
                #expect(try await sqlState(of: insert, on: database.owner) == state)
            }
            let plan = try await database.column(
                "EXPLAIN SELECT FROM hazecast.reading WHERE written_by = '5' AND observed_at = \(Self.inTwoYears)")
            #expect(plan.contains { $0.contains("written_by") })
        }
    }

    @Test func withoutTheLockNothingIsChanged() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.forget(yearsAhead: 2))
            let reader = try await database.connect()
            try await reader.run(script: "BEGIN; SELECT FROM hazecast.reading")
            #expect(try await sqlState(of: "SELECT hazecast.maintain_partitions()", on: database.owner) == "55P03")
            try await reader.run(script: "COMMIT")
            #expect(try await database.value("SELECT hazecast.maintain_partitions()", as: Int32.self) == 24)
            await reader.close()
        }
    }

    @Test func twoAtOnceMakeEveryMonthOnce() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.forget(yearsAhead: 2))
            let other = try await database.connect()
            async let first = Self.maintain(database.owner)
            async let second = Self.maintain(other)
            let made = try await [first, second]
            #expect(made == [24, 0] || made == [0, 24] || made == [24, nil] || made == [nil, 24])
            #expect(try await Self.maintain(other) == 0)
            await other.close()
        }
    }

    /// How many partitions were made; nil when the lock was not to be had in time.
    private static func maintain(_ connection: Connection) async throws -> Int32? {
        do throws(PostgresError) {
            return try await connection.query("SELECT hazecast.maintain_partitions()").single().decode(
                Int32.self, at: 0)
        } catch {
            guard error.sqlState == "55P03" else { throw error }
            return nil
        }
    }

    /// What a user dropped to be rid of it stays away.
    @Test func droppedPastPartitionsAreNotMadeAgain() async throws {
        try await MigratedDatabase.with { database in
            try await database.run("DROP TABLE hazecast.reading_2000, hazecast.forecast_ledger_2000")
            #expect(try await database.value("SELECT hazecast.maintain_partitions()", as: Int32.self) == 0)
        }
    }

    /// Whole partitions go, with the flags of their readings; the month that is not wholly expired stays.
    @Test func retentionDropsWhatIsWhollyExpired() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                INSERT INTO hazecast.station (name) VALUES ('a');
                INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                SELECT 1, hour::timestamptz, -1 FROM unnest(ARRAY[
                    '2014-06-01 00:00+00', '2015-06-01 00:00+00', date_trunc('hour', now())::text]) AS hour;
                INSERT INTO hazecast.reading_flag SELECT station_id, observed_at, 'pm25', 'negative' FROM hazecast.reading;
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
                SELECT 1, observed_at, 1, 1, array_fill(1::real, ARRAY[24]), 0 FROM hazecast.reading;
                """)
            let drop = "SELECT hazecast.drop_expired_partitions()"
            #expect(try await database.value(drop, as: Int32.self) == 0, "everything is kept by default")
            try await database.run(
                "UPDATE hazecast.retention SET keep = now() - '2015-03-01 00:00+00' WHERE history = 'reading'")
            #expect(try await database.value(drop, as: Int32.self) == 15, "the years from 2000 to 2014")
            let left = "SELECT min(observed_at)::date::text FROM hazecast."
            #expect(try await database.column(left + "reading") == ["2015-06-01"])
            #expect(try await database.column(left + "reading_flag") == ["2015-06-01"])
            #expect(try await database.value("SELECT count(*) FROM hazecast.forecast_ledger", as: Int.self) == 3)
            #expect(try await database.value(drop, as: Int32.self) == 0)
            #expect(try await database.value("SELECT hazecast.maintain_partitions()", as: Int32.self) == 0)
            // What is written for such hours later is not lost.
            try await database.run(
                "INSERT INTO hazecast.reading (station_id, observed_at, pm25) VALUES (1, '2014-06-01 00:00+00', 1)")
            await #expect(throws: PostgresError.self) {
                try await database.run("UPDATE hazecast.retention SET keep = interval '31 days'")
            }
        }
    }
}
