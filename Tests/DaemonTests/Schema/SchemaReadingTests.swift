import Postgres
import TestSupport
import Testing

/// What `hazecast.reading` and `hazecast.station` take, refuse and note by themselves.
struct SchemaReadingTests {
    private func withStation(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run("INSERT INTO hazecast.station (name) VALUES ('a')")
            try await body(database)
        }
    }

    @Test func onlyWholeUTCHoursAreReadings() async throws {
        try await withStation { database in
            for time in [
                "2014-01-01 00:30+00", "2014-01-01 00:00:00.000001+00", "2014-01-01 00:00+05:30",
                "1969-12-31 23:59:59+00",
                "2262-01-01 00:00:01+00", "infinity", "-infinity",
            ] {
                let insert = "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '\(time)')"
                let error = try await #require(throws: PostgresError.self) { try await database.owner.query(insert) }
                #expect(error.sqlState == "23514", "\(time)")
                #expect(error.constraint == "reading_observed_at_begins_a_utc_hour", "\(time)")
            }
            #expect(try await database.feed() == [])
        }
    }

    @Test func everyWholeUTCHourIsKept() async throws {
        try await withStation { database in
            for time in [
                "2014-01-01 00:00+00", "2014-01-01 00:00+01", "1970-01-01 00:00+00", "1999-12-31 23:00+00",
                "2262-01-01 00:00+00", "0001-01-01 05:00+00",
            ] {
                try await database.run("INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '\(time)')")
                #expect(
                    try await database.value("SELECT count(*) = 1 FROM hazecast.reading WHERE observed_at = '\(time)'"))
            }
        }
    }

    @Test func mistakesHaveTheirSQLState() async throws {
        try await withStation { database in
            for (statement, state) in [
                ("INSERT INTO hazecast.reading (station_id, observed_at) VALUES (9, '2014-01-01 00:00+00')", "23503"),
                ("INSERT INTO hazecast.reading (station_id, observed_at) VALUES (9, '1970-01-01 00:00+00')", "23503"),
                (
                    """
                    INSERT INTO hazecast.reading (station_id, observed_at)
                    VALUES (1, '2014-01-01 00:00+00'), (1, '2014-01-01 00:00+00')
                    """, "23505"
                ),
                ("INSERT INTO hazecast.station (name) VALUES (' ')", "23514"),
                ("INSERT INTO hazecast.station (name) VALUES ('a')", "23505"),
                ("INSERT INTO hazecast.station (name, latitude) VALUES ('b', 90.1)", "23514"),
                ("INSERT INTO hazecast.station (name, latitude) VALUES ('b', 'NaN')", "23514"),
                ("INSERT INTO hazecast.station (name, longitude) VALUES ('b', -181)", "23514"),
                ("INSERT INTO hazecast.station (name, labels) VALUES ('b', '[]')", "23514"),
            ] {
                let refusal = try await sqlState(of: statement, on: database.owner)
                #expect(refusal == state, "\(statement)")
            }
        }
    }

    @Test func receivedAtIsWhenPM25Came() async throws {
        try await withStation { database in
            let received = "SELECT received_at::text FROM hazecast.reading"
            try await database.run(
                "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '2014-01-01 00:00+00')")
            let first = try await database.value(received, as: String.self)
            try await database.run("UPDATE hazecast.reading SET temperature = 5")
            #expect(try await database.value(received) == first)
            try await database.run("UPDATE hazecast.reading SET pm25 = 5")
            let second = try await database.value(received, as: String.self)
            #expect(second > first)
            try await database.run("UPDATE hazecast.reading SET pm25 = 6")
            #expect(try await database.value(received) == second)
        }
    }

    @Test func flagsGoWithTheValuesTheyAreAbout() async throws {
        try await withStation { database in
            let flags = "SELECT to_char(observed_at AT TIME ZONE 'UTC', 'HH24') FROM hazecast.reading_flag ORDER BY 1"
            try await database.run(
                """
                INSERT INTO hazecast.reading (station_id, observed_at)
                SELECT 1, '2014-01-01 00:00+00'::timestamptz + n * interval '1 hour' FROM generate_series(0, 3) AS n;
                INSERT INTO hazecast.reading_flag SELECT station_id, observed_at, 'pm25', 'negative' FROM hazecast.reading
                """)
            try await database.run("UPDATE hazecast.reading SET pm25 = 1 WHERE observed_at = '2014-01-01 00:00+00'")
            #expect(try await database.column(flags) == ["01", "02", "03"])
            try await database.run("DELETE FROM hazecast.reading WHERE observed_at = '2014-01-01 01:00+00'")
            #expect(try await database.column(flags) == ["02", "03"])
            try await database.run(
                "UPDATE hazecast.reading SET observed_at = '2015-01-01 00:00+00' WHERE observed_at = '2014-01-01 02:00+00'"
            )
            #expect(try await database.column(flags) == ["03"])
            try await database.run("TRUNCATE hazecast.reading")
            #expect(try await database.column(flags) == [])
        }
    }
}
