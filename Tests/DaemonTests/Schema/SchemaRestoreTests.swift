import Postgres
import TestSupport
import Testing

/// A database that was dumped and restored is the one that was dumped.
struct SchemaRestoreTests {
    @Test func aRestoredDatabaseWorksLikeTheFirst() async throws {
        try await MigratedDatabase.with(deadline: .seconds(120)) { database in
            try await database.run(
                """
                INSERT INTO hazecast.station (name) VALUES ('a');
                INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                SELECT 1, '2014-01-01 00:00+00'::timestamptz + n * interval '1 day', n FROM generate_series(0, 400) AS n;
                INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '1970-01-01 00:00+00');
                \(ModelDocument(name: "m", sha256: String(repeating: "1", count: 64)).insert)
                """)
            try await database.claim()
            let dump = try await database.program("pg_dump", [])
            try await TestDatabase.withDatabase { conninfo in
                let restored = MigratedDatabase(
                    conninfo: conninfo, owner: try await Connection.connect(conninfo, applicationName: "owner"))
                _ = try await restored.program("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], input: dump)

                for content in [
                    "SELECT md5(string_agg(r::text, '|' ORDER BY observed_at)) FROM hazecast.reading AS r",
                    "SELECT string_agg(m::text, '|' ORDER BY id) FROM hazecast.model AS m",
                    "SELECT string_agg(m::text, '|' ORDER BY name) FROM hazecast.schema_file AS m",
                ] {
                    #expect(try await restored.value(content, as: String.self) == database.value(content))
                }
                #expect(try await restored.feed() == [], "restoring is not writing")
                let (there, before) = (try await SchemaDump(restored).lines, try await SchemaDump(database).lines)
                #expect(there.difference(from: before).map { "\($0)" } == [])

                try await restored.run("UPDATE hazecast.reading SET pm25 = 1 WHERE observed_at = '2014-01-02 00:00+00'")
                #expect(try await restored.feed() == ["rows 1"])
                let offHour = "INSERT INTO hazecast.reading (station_id, observed_at) VALUES (1, '2014-01-01 00:30+00')"
                #expect(try await sqlState(of: offHour, on: restored.owner) == "23514")
                try await restored.run("SELECT hazecast.refresh(), hazecast.maintain_partitions()")
                #expect(try await restored.feed() == ["reload", "rows 1"])
                await restored.owner.close()
            }
        }
    }
}
