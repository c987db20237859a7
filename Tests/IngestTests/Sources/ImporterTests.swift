import Forecast
import Postgres
import TestSupport
import Testing

@testable import Ingest

@Suite struct ImporterTests {
    private func row(_ hour: Int, _ pm25: String) -> String {
        "\(hour + 1),2010,1,2,\(hour),\(pm25),-16,-4,1020,SE,1.79,0,0"
    }

    private func counts(
        new: Int = 0, changed: Int = 0, unchanged: Int = 0, repeated: Int = 0, newStations: Int = 0
    ) -> Importer.Counts {
        var counts = Importer.Counts()
        (counts.new, counts.changed, counts.unchanged) = (new, changed, unchanged)
        (counts.repeated, counts.newStations) = (repeated, newStations)
        return counts
    }

    @discardableResult
    private func importing(
        _ lines: [String], _ format: FileLayout, _ connection: Connection, isStrict: Bool = false
    ) async throws -> FileImport {
        let file = try TemporaryFile(lines)
        defer { withExtendedLifetime(file) {} }
        return try await Importer(connection: connection).write(
            ReadingFile(file.path, layout: format), isStrict: isStrict)
    }

    private func number(_ sql: String, _ connection: Connection) async throws -> Int64 {
        try await connection.query(sql).single().decode(Int64.self, at: 0)
    }

    @Test func importingTwiceChangesNothing() async throws {
        try await withSchema { connection in
            let lines = [beijingHeader, row(0, "12"), row(1, ""), row(2, "NA")]
            let first = try await importing(lines, layout("uci-beijing"), connection)
            #expect(first.counts == counts(new: 3, newStations: 1))
            let stamps = "SELECT array_agg(written_by ORDER BY observed_at)::text FROM hazecast.reading"
            let before = try await connection.query(stamps).single().decode(String.self, at: 0)
            let second = try await importing(lines, layout("uci-beijing"), connection)
            #expect(second.counts == counts(unchanged: 3))
            #expect(try await connection.query(stamps).single().decode(String.self, at: 0) == before)
            #expect(try await number("SELECT count(*) FROM hazecast.reading WHERE pm25 IS NULL", connection) == 2)
        }
    }

    @Test func correctionsReplaceWhatIsThere() async throws {
        try await withSchema { connection in
            try await importing(
                [beijingHeader, row(0, "12"), row(1, "13"), row(2, "14")], layout("uci-beijing"), connection)
            let result = try await importing(
                [beijingHeader, row(0, "12"), row(1, "99"), row(3, "15")], layout("uci-beijing"), connection)
            #expect(result.counts == counts(new: 1, changed: 1, unchanged: 1))
            #expect(try await number("SELECT sum(pm25)::bigint FROM hazecast.reading", connection) == 12 + 99 + 14 + 15)
        }
    }

    @Test func ofARepeatedHourTheLastRowCounts() async throws {
        try await withSchema { connection in
            let result = try await importing(
                [beijingHeader, row(0, "12"), row(1, "1"), row(0, "13")], layout("uci-beijing"), connection)
            #expect(result.counts == counts(new: 2, repeated: 1, newStations: 1))
            #expect(try await number("SELECT max(pm25)::bigint FROM hazecast.reading", connection) == 13)
        }
    }

    @Test func aRenamedStationKeepsItsReadings() async throws {
        try await withSchema { connection in
            try await importing([beijingHeader, row(0, "12")], layout("uci-beijing"), connection)
            try await connection.run(script: "UPDATE hazecast.station SET name = 'Roof'")
            let result = try await importing(
                [beijingHeader, row(0, "13"), row(1, "14")], layout("uci-beijing"), connection)
            #expect(result.counts == counts(new: 1, changed: 1))
            #expect(try await number("SELECT count(*) FROM hazecast.station", connection) == 1)
        }
    }

    @Test func measuresThatAFileDoesNotHaveStay() async throws {
        try await withSchema { connection in
            try await importing([beijingHeader, row(0, "12")], layout("uci-beijing"), connection)
            let result = try await importing(
                ["observed_at,pm25", "2010-01-01T16:00Z,13"], csv { $0.station = "Beijing" }, connection)
            #expect(result.counts == counts(changed: 1))
            #expect(try await number("SELECT (pm25 + pressure)::bigint FROM hazecast.reading", connection) == 1033)
        }
    }

    @Test func aValueThatCannotBeReadIsLostAndItsRowKept() async throws {
        try await withSchema { connection in
            let lines = [beijingHeader, row(0, "12"), row(1, "much"), row(2, "14")]
            await #expect(throws: SourceError.self) {
                try await importing(lines, layout("uci-beijing"), connection, isStrict: true)
            }
            #expect(try await number("SELECT count(*) FROM hazecast.reading", connection) == 0)
            #expect(try await number("SELECT count(*) FROM hazecast.station", connection) == 0)
            let result = try await importing(lines, layout("uci-beijing"), connection)
            #expect(result.counts == counts(new: 3, newStations: 1))
            #expect(result.report.rejected == 0 && result.report.lostValues == 1)
            #expect(try await number("SELECT count(*) FROM hazecast.reading WHERE pm25 IS NULL", connection) == 1)
        }
    }

    @Test func absurdValuesAreKeptAsSent() async throws {
        try await withSchema { connection in
            let lines = [
                "station,observed_at,pm25,wind_direction", "a,1970-01-01T00:00Z,-5,720", "a,1999-01-01T00:00Z,3e29,-1",
                "a,2999-01-01T00:00Z,1,1",
            ]
            let result = try await importing(lines, csv(), connection)
            #expect(result.counts == counts(new: 2, newStations: 1))
            let sum = "SELECT sum(wind_direction)::bigint FROM hazecast.reading"
            #expect(try await number(sum, connection) == 719)
        }
    }

    @Test func aWriterMayImport() async throws {
        try await withSchema { connection in
            try await connection.run(script: "SET ROLE hazecast_writer")
            try await importing([beijingHeader, row(0, "12")], layout("uci-beijing"), connection)
            let again = try await importing(
                [beijingHeader, row(0, "13"), row(1, "14")], layout("uci-beijing"), connection)
            #expect(again.counts == counts(new: 1, changed: 1))
            try await connection.run(script: "RESET ROLE")
            #expect(try await number("SELECT count(DISTINCT written_by) FROM hazecast.arrival", connection) == 2)
        }
    }

    @Test func aNewStationGetsItsPlace() async throws {
        try await withSchema { connection in
            let importer = Importer(connection: connection)
            for place in [Importer.Place(latitude: 39.95, longitude: 116.47), nil] {
                var readings = [
                    ParsedReading(station: "a", hour: UTCHour(hoursSinceEpoch: 400_000), measures: Measures(pm25: 1))
                ]
                _ = try await importer.write(place: place) { readings.popLast() }
            }
            let place = try await connection.query("SELECT latitude, longitude FROM hazecast.station").single()
            #expect(try place.decode(Double.self, at: 0) == 39.95)
            #expect(try place.decode(Double.self, at: 1) == 116.47)
        }
    }

    /// Random batches of random readings, imported in a row, leave what a dictionary would hold, and the counts add up.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func theDatabaseHoldsTheLastValueOfEachHour(seed: UInt64) async throws {
        try await withSchema { connection in
            var random = SplitMix64(seed: seed)
            var expected: [String: Float] = [:]
            let importer = Importer(connection: connection)
            for _ in 0..<5 {
                var lines = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                    (
                        station: "s\(Int.random(in: 0..<3, using: &random))",
                        hour: Int32.random(in: 0..<12, using: &random),
                        pm25: Float(Int.random(in: 0..<3, using: &random))
                    )
                }
                let before = expected
                for line in lines { expected["\(line.station) \(line.hour)"] = line.pm25 }
                let count = lines.count
                lines.reverse()
                let result = try await importer.write(measures: [.pm25]) {
                    lines.popLast().map {
                        ParsedReading(
                            station: $0.station, hour: UTCHour(hoursSinceEpoch: 400_000 + $0.hour),
                            measures: Measures(pm25: $0.pm25))
                    }
                }
                #expect(result.readings == count, "seed \(seed)")
                #expect(result.new == expected.count - before.count, "seed \(seed)")
                #expect(result.changed == before.count { expected[$0.key] != $0.value }, "seed \(seed)")
            }
            let rows = try await connection.query(
                """
                SELECT s.name || ' ' || (extract(epoch FROM observed_at)::bigint / 3600 - 400000), pm25
                FROM hazecast.reading JOIN hazecast.station AS s ON s.id = station_id
                """)
            let stored = try Dictionary(
                uniqueKeysWithValues: rows.map { (try $0.decode(String.self, at: 0), try $0.decode(Float.self, at: 1)) }
            )
            #expect(stored == expected, "seed \(seed)")
        }
    }

    @Test(.enabled(if: RealData.hasMultisite))
    func theRealFilesLoadTwiceWithTheSameResult() async throws {
        try await withSchema { connection in
            let multisite = "beijing-multisite/PRSA_Data_%_20130301-20170228.csv"
            let files: [(path: String, format: FileLayout, rows: Int)] = try [
                (RealData.path("beijing-pm25-2010-2014.csv"), layout("uci-beijing"), 43_824),
                (RealData.path(multisite.replacing("%", with: "Dongsi")), layout("uci-multisite"), 35_064),
                (RealData.path(multisite.replacing("%", with: "Guanyuan")), layout("uci-multisite"), 35_064),
            ]
            let importer = Importer(connection: connection)
            for file in files {
                let first = try await importer.write(ReadingFile(file.path, layout: file.format))
                #expect(first.counts == counts(new: file.rows, newStations: 1))
                let second = try await importer.write(ReadingFile(file.path, layout: file.format))
                #expect(second.counts == counts(unchanged: file.rows))
                #expect(first.report.rejected == 0)
            }
            let missing = """
                SELECT count(*) FROM hazecast.reading JOIN hazecast.station AS s ON s.id = station_id
                WHERE s.name = 'Beijing' AND pm25 IS NULL
                """
            #expect(try await number(missing, connection) == 2067)
        }
    }
}
