import Postgres
import TestSupport
import Testing

/// What writers leave for the daemon, whichever way they write.
struct SchemaFeedTests {
    private static let write = """
        INSERT INTO hazecast.reading (station_id, observed_at, pm25) VALUES (1, '2014-01-01 00:00+00', 10), \
        (1, '2014-01-01 01:00+00', 11);
        """

    /// Two stations, two readings that the daemon has seen, and nothing else.
    private static let reset = """
        DELETE FROM hazecast.reading; DELETE FROM hazecast.station;
        INSERT INTO hazecast.station (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'a'), (2, 'b'); \(write)
        DELETE FROM hazecast.arrival;
        """

    private func withStations(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run("INSERT INTO hazecast.station (name) VALUES ('a'), ('b')")
            try await body(database)
        }
    }

    @Test func everyWayOfWritingIsOneArrivalThatFindsItsRow() async throws {
        try await withStations { database in
            for statement in [
                "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (2, '2014-01-01 00:00+00')",
                "UPDATE hazecast.reading SET pm25 = 12 WHERE observed_at = '2014-01-01 00:00+00'",
                """
                INSERT INTO hazecast.reading AS r (station_id, observed_at, pm25) VALUES (1, '2014-01-01 00:00+00', 12)
                ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25
                """,
                """
                MERGE INTO hazecast.reading AS r USING (VALUES ('2014-01-01 00:00+00'::timestamptz)) AS v (hour)
                ON r.station_id = 1 AND r.observed_at = v.hour
                WHEN MATCHED THEN UPDATE SET pm25 = 12 WHEN NOT MATCHED THEN DO NOTHING
                """,
                "SET ROLE hazecast_writer; UPDATE hazecast.reading SET pm25 = 12 WHERE observed_at = '2014-01-01 01:00+00'",
            ] {
                try await database.run(Self.reset)
                try await database.run(statement)
                try await database.run("RESET ROLE")
                let feed = try await database.feed()
                #expect(feed == ["rows 1"], "\(statement)")
            }
        }
    }

    @Test func copyIsOneArrivalForAllItsRows() async throws {
        try await withStations { database in
            let rows = (0..<500).map { "1\t\(2000 + $0 / 100)-01-\(10 + $0 / 24 % 4) \($0 % 24):00+00\t5\n" }
            _ = try await database.owner.copyIn(
                "COPY hazecast.reading (station_id, observed_at, pm25) FROM STDIN",
                Array(Set(rows).joined().utf8))
            #expect(try await database.feed() == ["rows \(Set(rows).count)"])
        }
    }

    @Test func aTransactionOfManyStatementsIsOneArrival() async throws {
        try await withStations { database in
            try await database.run(
                """
                BEGIN; \(Self.write)
                INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '2015-01-01 00:00+00');
                UPDATE hazecast.reading SET pm25 = 1; COMMIT
                """)
            #expect(try await database.feed() == ["rows 3"])
        }
    }

    /// Whether the daemon has to look into all hours.
    private func reach(_ database: MigratedDatabase) async throws -> [String] {
        try await database.column(
            "SELECT CASE WHEN near IS NULL THEN 'far' ELSE 'near' END FROM hazecast.arrival WHERE NOT reload")
    }

    @Test func anArrivalSaysWhetherItsHoursAreAroundThePresent() async throws {
        @Sendable func insert(_ hours: Int) -> String {
            """
            INSERT INTO hazecast.reading (station_id, observed_at)
            VALUES (1, date_trunc('hour', now()) + make_interval(hours => \(hours))) ON CONFLICT DO NOTHING;
            """
        }
        @Sendable func update(_ change: String) -> String {
            "UPDATE hazecast.reading SET \(change) WHERE observed_at = date_trunc('hour', now()) - interval '10 hours';"
        }
        let upsert = """
            INSERT INTO hazecast.reading AS r (station_id, observed_at, pm25) VALUES (1, '2014-01-01 00:00+00', 12)
            ON CONFLICT (station_id, observed_at) DO UPDATE SET pm25 = excluded.pm25;
            """
        try await withStations { database in
            for (statements, expected) in [
                (insert(0), "near"), (insert(-743), "near"), (insert(743), "near"),
                (insert(-745), "far"), (insert(745), "far"), (insert(-745) + insert(0), "far"),
                (insert(0) + insert(-745), "far"), (insert(0) + insert(-1), "near"), (upsert, "far"),
                (update("pm25 = 3"), "near"), ("UPDATE hazecast.reading SET pm25 = 4;", "far"),
                (insert(0) + "SAVEPOINT s;" + insert(-745) + "ROLLBACK TO s;", "near"),
                (insert(0) + "SAVEPOINT s;" + insert(-745) + "RELEASE s;", "far"),
                ("SAVEPOINT s;" + insert(-745) + "ROLLBACK TO s;" + insert(-746), "far"),
                ("SAVEPOINT s;" + insert(-745) + "ROLLBACK TO s;" + insert(0), "near"),
                ("SET LOCAL TimeZone = 'America/New_York';" + insert(-743), "near"),
                ("SET LOCAL TimeZone = 'America/New_York';" + insert(-745), "far"),
            ] {
                try await database.run(Self.reset)
                try await database.run(insert(-10) + "DELETE FROM hazecast.arrival")
                try await database.run("BEGIN; \(statements) COMMIT")
                let found = try await reach(database)
                #expect(found == [expected], "\(statements)")
            }
        }
    }

    /// Whoever moves a row to another hour is asked about both.
    @Test func aRowThatMovesFarAwayIsFar() async throws {
        try await withStations { database in
            try await database.run(
                "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, date_trunc('hour', now()))")
            try await database.claim()
            try await database.run("UPDATE hazecast.reading SET observed_at = '2014-01-01 00:00+00'")
            #expect(try await reach(database) == ["far"])
        }
    }

    @Test func whatASavepointUndoesIsNotInTheFeed() async throws {
        try await withStations { database in
            try await database.run("BEGIN; SAVEPOINT s; \(Self.write) ROLLBACK TO s; COMMIT")
            #expect(try await database.feed() == [])
            try await database.run(
                """
                BEGIN; SAVEPOINT s; \(Self.write) ROLLBACK TO s;
                INSERT INTO hazecast.reading (station_id, observed_at) VALUES (2, '2014-01-01 00:00+00');
                SAVEPOINT s; \(Self.write) ROLLBACK TO s; COMMIT
                """)
            #expect(try await database.feed() == ["rows 1"])
        }
    }

    @Test func anOverwrittenRowBelongsToTheLaterArrival() async throws {
        try await withStations { database in
            try await database.run(Self.write)
            try await database.run("UPDATE hazecast.reading SET pm25 = 3 WHERE observed_at = '2014-01-01 01:00+00'")
            #expect(try await database.feed() == ["rows 1", "rows 1"])
        }
    }

    @Test func whatNoTransactionCanNameAsksForAReload() async throws {
        try await withStations { database in
            for statement in [
                "DELETE FROM hazecast.reading WHERE observed_at = '2014-01-01 00:00+00'",
                "TRUNCATE hazecast.reading",
                "TRUNCATE hazecast.station CASCADE",
                "TRUNCATE hazecast.arrival",
                "TRUNCATE hazecast.reading, hazecast.arrival",
                "SELECT hazecast.refresh()",
                "SELECT hazecast.refresh(), hazecast.refresh()",
            ] {
                try await database.run(Self.reset)
                try await database.run(statement)
                let feed = try await database.feed()
                #expect(feed == ["reload"], "\(statement)")
            }
        }
    }

    @Test func aChangedKeyAsksForAReloadAndNamesTheRow() async throws {
        try await withStations { database in
            for change in [
                "observed_at = '2015-06-01 00:00+00'", "station_id = 2", "observed_at = '1990-01-01 00:00+00'",
            ] {
                try await database.run(Self.reset)
                try await database.run(
                    "UPDATE hazecast.reading SET \(change) WHERE observed_at = '2014-01-01 00:00+00'")
                let feed = try await database.feed()
                #expect(feed == ["reload", "rows 1"], "\(change)")
            }
        }
    }

    @Test func aKeyThatIsSetToItselfIsNoReload() async throws {
        try await withStations { database in
            try await database.run(Self.write)
            try await database.claim()
            try await database.run(
                "UPDATE hazecast.reading SET station_id = station_id, observed_at = observed_at, pm25 = 1")
            #expect(try await database.feed() == ["rows 2"])
        }
    }

    @Test func deletingNothingIsNoReload() async throws {
        try await withStations { database in
            try await database.run("DELETE FROM hazecast.reading")
            #expect(try await database.feed() == [])
        }
    }

    @Test func aPreparedTransactionArrivesWhenItIsCommitted() async throws {
        try await withStations { database in
            let refused = try await sqlState(of: "BEGIN; \(Self.write) PREPARE TRANSACTION 'p'", on: database.owner)
            #expect(refused == "0A000", "PREPARE refuses transactions that notify")
            let name = "prepared_\(try await database.value("SELECT current_database()::text", as: String.self))"
            try await database.run("SET hazecast.notify = off")
            try await database.run("BEGIN; \(Self.write) PREPARE TRANSACTION '\(name)'")
            #expect(try await database.feed() == [])
            try await database.run("COMMIT PREPARED '\(name)'")
            #expect(try await database.feed() == ["rows 2"])
        }
    }

    @Test func concurrentSerializableWritersDoNotConflict() async throws {
        try await withStations { database in
            let (first, second) = (try await database.connect(), try await database.connect())
            for (writer, station) in [(first, 1), (second, 2)] {
                try await writer.run(
                    script: """
                        BEGIN ISOLATION LEVEL SERIALIZABLE;
                        INSERT INTO hazecast.reading (station_id, observed_at) VALUES (\(station), '2014-01-01 00:00+00')
                        """)
            }
            try await first.run(script: "COMMIT")
            try await second.run(script: "COMMIT")
            #expect(try await database.feed() == ["rows 1", "rows 1"])
            await first.close()
            await second.close()
        }
    }
}
