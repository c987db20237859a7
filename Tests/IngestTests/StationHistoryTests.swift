import Forecast
import Postgres
import Testing

@testable import Ingest

@Suite struct StationHistoryTests {
    private let first = UTCHour(hoursSinceEpoch: 390_012)

    private func stamp(_ hour: UTCHour) -> String { "to_timestamp(\(hour.secondsSinceEpoch))" }

    @Test func gapsAreMissingAndOtherStationsAreNotRead() async throws {
        try await withSchema { connection in
            try await connection.run(
                script: """
                    INSERT INTO hazecast.station (name, latitude, longitude)
                    VALUES ('roof', -39.5, 116.5), ('yard', NULL, NULL);
                    INSERT INTO hazecast.reading (station_id, observed_at, pm25, temperature, wind_direction, wind_speed)
                    VALUES (1, \(stamp(first)), 10, 4, 90, 2), (1, \(stamp(first.advanced(by: 3))), 40, NULL, NULL, 1),
                        (2, \(stamp(first.advanced(by: 1))), 99, 9, 9, 9)
                    """)
            let roof = try #require(try await StationHistory.station(named: "roof", on: connection))
            let series = try #require(try await StationHistory.series(of: roof, on: connection))
            #expect(series.start == first && series.measures.map(\.pm25.description) == ["10.0", "nan", "nan", "40.0"])
            #expect(series.measures[0].windDirection == 90 && series.measures[3].windDirection.isNaN)
            #expect(series.measures[3].temperature.isNaN && series.measures[3].windSpeed == 1)
            #expect(series.latitude == -39.5 && series.longitude == 116.5)
            let later = try await StationHistory.series(of: roof, since: first.advanced(by: 1), on: connection)
            #expect(later?.start == first.advanced(by: 3))
            #expect(try await StationHistory.series(of: 2, on: connection)?.longitude == nil)
        }
    }

    @Test func whatNoWindowWouldTakeIsMissing() async throws {
        try await withSchema { connection in
            try await connection.run(
                script: """
                    INSERT INTO hazecast.station (name) VALUES ('roof');
                    INSERT INTO hazecast.reading (station_id, observed_at, pm25, pressure, wind_direction, wind_speed)
                    VALUES (1, '1999-12-31 23:00Z', 1, 1000, 90, 1), (1, \(stamp(first)), -40, 102900, 720, 3),
                        (1, \(stamp(first.advanced(by: 1))), 5, 1000, 90, 3),
                        (1, date_trunc('hour', now()) + interval '5 hours', 7, 1000, 90, 3)
                    """)
            let series = try #require(try await StationHistory.series(of: 1, on: connection))
            #expect(series.hours == first..<first.advanced(by: 2))
            let flagged = series.measures[0]
            #expect(flagged.pm25.isNaN && flagged.pressure.isNaN && flagged.windSpeed.isNaN)
            #expect(series.measures[1].pm25 == 5)
        }
    }

    @Test func aStationThatIsNotThereAndOneThatIsSilentHaveNoHistory() async throws {
        try await withSchema { connection in
            try await connection.run(script: "INSERT INTO hazecast.station (name) VALUES ('silent')")
            #expect(try await StationHistory.station(named: "nowhere", on: connection) == nil)
            #expect(try await StationHistory.series(of: 1, on: connection) == nil)
        }
    }
}
