import Forecast
import Ingest
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// What no trigger sees, and what takes readings away.
@Suite struct ReconciliationTests {
    @Test func deletedReadingsWithdrawTheirForecastAndBringItBack() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            try await site.write(roof, noon.advanced(by: 1))
            _ = try await turns.turn()
            let before = try await site.ledger()

            try await site.run(
                "DELETE FROM hazecast.reading WHERE observed_at = (SELECT max(observed_at) FROM hazecast.reading)")
            #expect(try await turns.turn().forecasts == 0)
            #expect(try await site.latest("roof")?.origin == noon)
            try await site.write(roof, noon.advanced(by: 1))
            #expect(try await turns.turn().forecasts == 0)
            #expect(try await site.latest("roof")?.origin == noon.advanced(by: 1))
            #expect(try await site.ledger() == before)

            // In the middle of the window a deletion changes what the network sees.
            try await site.run(
                "DELETE FROM hazecast.reading WHERE observed_at = (SELECT max(observed_at) - interval '5 hours' FROM hazecast.reading)"
            )
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.latest("roof")?.revision == 2)
        }
    }

    @Test(arguments: ["SELECT hazecast.refresh()", "TRUNCATE hazecast.arrival"])
    func aRowWrittenStraightIntoAPartitionIsFoundBy(_ sql: String) async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            let partition = try #require(
                try await site.text("SELECT tableoid::regclass FROM hazecast.reading LIMIT 1"))
            try await site.run(
                """
                INSERT INTO \(partition) (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_speed)
                SELECT \(roof), max(observed_at) + interval '1 hour', 33, 1, 4, 1020, 2 FROM hazecast.reading
                """)
            #expect(try await turns.turn().forecasts == 0)
            try await site.run(sql)
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.latest("roof")?.origin == noon.advanced(by: 1))
        }
    }

    @Test func movedReadingsAreForecastWhereTheyAreNow() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let yard = try await site.addStation("yard")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            try await site.run("UPDATE hazecast.reading SET station_id = \(yard)")
            #expect(try await turns.turn().forecasts == 1)
            #expect(try await site.latest("roof") == nil)
            #expect(try await site.latest("yard")?.origin == noon)
        }
    }

    @Test func aStationThatIsDeletedIsForgotten() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            try await site.run("DELETE FROM hazecast.reading; DELETE FROM hazecast.station")
            #expect(try await turns.turn().forecasts == 0)
            #expect(turns.book?.entries.isEmpty == true)
        }
    }
}
