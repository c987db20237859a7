import Postgres
import TestSupport
import Testing

@testable import Forecast

/// `hazecast.exceedance`: SQL says what Swift says.
struct SchemaExceedanceTests {
    @Test func sqlAndSwiftAgree() async throws {
        try await MigratedDatabase.with { database in
            var random = SplitMix64(seed: 4)
            for round in 0..<60 {
                var edges = (0..<5).map { _ in
                    (0..<Forecast.leads).map { _ in Float.random(in: 0...250, using: &random) }
                }
                for lead in 0..<Forecast.leads {
                    let sorted = edges.map { $0[lead] }.sorted()
                    for edge in edges.indices { edges[edge][lead] = sorted[edge] }
                    if Int.random(in: 0..<3, using: &random) == 0 { edges[0][lead] = edges[1][lead] }
                    if Int.random(in: 0..<3, using: &random) == 0 { edges[3][lead] = edges[4][lead] }
                }
                let forecast = Forecast(
                    pm25: edges[2],
                    bands: Forecast.Bands(
                        lower80: edges[1], upper80: edges[3], lower95: edges[0], upper95: edges[4]))
                // Edges themselves as levels too: that is where the branches meet.
                let level = round < 10 ? edges[round % 5][0] : Float.random(in: -20...1_000, using: &random)
                let rows = try await database.owner.query(
                    """
                    SELECT hazecast.exceedance_probability($1::real, pm25, lower80, upper80, lower95, upper95)
                    FROM unnest($2::real[], $3::real[], $4::real[], $5::real[], $6::real[])
                        WITH ORDINALITY AS lead (pm25, lower80, upper80, lower95, upper95, lead) ORDER BY lead
                    """, [level, edges[2], edges[1], edges[3], edges[0], edges[4]])
                #expect(rows.count == Forecast.leads)
                for lead in 1...Forecast.leads {
                    let expected = try #require(forecast.exceedance(of: level, lead: lead))
                    // A real's 24 bits, after sums in double precision in the same order.
                    #expect(
                        abs(rows.float(lead - 1, 0) - expected) < 1e-6, "level \(level), \(edges.map { $0[lead - 1] })")
                }
            }
        }
    }

    @Test func readersAskForTheNewestForecasts() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                INSERT INTO hazecast.station (name) VALUES ('banded'), ('bare');
                INSERT INTO hazecast.reading (station_id, observed_at, pm25)
                SELECT id, '2014-01-01 00:00+00', 1 FROM hazecast.station;
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, digest)
                SELECT id, '2014-01-01 00:00+00', 1, 1, array_fill(60::real, ARRAY[24]), 0 FROM hazecast.station;
                UPDATE hazecast.forecast_ledger SET
                    lower80 = array_fill(30::real, ARRAY[24]), upper80 = array_fill(110::real, ARRAY[24]),
                    lower95 = array_fill(10::real, ARRAY[24]), upper95 = array_fill(170::real, ARRAY[24])
                WHERE station_id = (SELECT id FROM hazecast.station WHERE name = 'banded');
                """)
            let reader = try await database.connect(as: "hazecast_reader")
            let rows = try await reader.query(
                """
                SELECT concat_ws('|', station, lead, to_char(valid_at AT TIME ZONE 'UTC', 'DD HH24'), origin = min(origin) OVER (),
                    round(probability::numeric, 3))
                FROM hazecast.exceedance(110) ORDER BY station, lead
                """)
            await reader.close()
            let lines = try rows.map { try $0.decode(String.self, at: 0) }
            #expect(lines.count == 2 * Forecast.leads)
            #expect(lines.first == "banded|1|01 01|t|0.100" && lines.last == "bare|24|02 00|t")
        }
    }
}
