import Postgres
import TestSupport
import Testing

/// Which forecast counts, beside which observation.
struct SchemaAskingTests {
    /// A station "roof" with readings of 1 January 2024 from 00:00Z on that came ten minutes after their hour, and forecasts
    /// of 00:00Z: revision 1 at 01:10Z says 10, 2 at 02:30Z says 20, 3 at 03:30Z says 30. Their bands are ±5 and ±8.
    private static let fill = """
        INSERT INTO hazecast.station (name) VALUES ('roof'), ('bare');
        INSERT INTO hazecast.reading (station_id, observed_at, pm25, received_at)
        SELECT 1, hour, 12, hour + interval '70 min'
        FROM generate_series(timestamptz '2024-01-01 00:00Z', '2024-01-01 04:00Z', '1 hour') AS hour;
        INSERT INTO hazecast.forecast_ledger
            (station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest)
        SELECT 1, '2024-01-01 00:00Z', revision, issued_at, (SELECT min(id) FROM hazecast.model),
            array_fill(pm25, ARRAY[24]), array_fill(pm25 - 5, ARRAY[24]), array_fill(pm25 + 5, ARRAY[24]),
            array_fill(pm25 - 8, ARRAY[24]), array_fill(pm25 + 8, ARRAY[24]), 0
        FROM (VALUES (1, timestamptz '2024-01-01 01:11Z', 10::real), (2, '2024-01-01 02:30Z', 20), (3, '2024-01-01 03:30Z', 30))
            AS issue (revision, issued_at, pm25);
        """

    private func pairs(_ database: MigratedDatabase, leads: Int = 6) async throws -> [String] {
        try await database.column(
            """
            SELECT concat_ws(' ', lead, pm25, coalesce(observed::text, '-'), coalesce(persistence::text, '-'), in_time)
            FROM hazecast.forecast_vs_observed WHERE station = 'roof' AND lead <= \(leads) ORDER BY lead
            """)
    }

    @Test func theLastRevisionBeforeTheObservationCounts() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            // 01:00Z was received at 02:10Z, before revision 2; 04:00Z at 05:10Z; 05:00Z is not there yet.
            #expect(
                try await pairs(database) == [
                    "1 10 12 12 t", "2 20 12 12 t", "3 30 12 12 t", "4 30 12 12 t", "5 30 - 12", "6 30 - 12",
                ])
            // An observation that was there before every forecast: the last one stands beside it, and is not scored.
            try await database.run(
                "UPDATE hazecast.reading SET received_at = '2024-01-01 01:00Z' WHERE observed_at = '2024-01-01 01:00Z'")
            #expect(try await pairs(database, leads: 1) == ["1 30 12 12 f"])
            #expect(
                try await database.column(
                    """
                    SELECT concat_ws(' ', lead, n, rmse, bias, skill, coverage80, coverage95)
                    FROM hazecast.skill('2024-01-01', '2024-01-02', 'roof')
                    """) == ["2 1 8 8 0 1", "3 1 18 18 0 0", "4 1 18 18 0 0"])
        }
    }

    /// Clocks that were set back do not make two rows of one.
    @Test func aClockThatWentBackwardsLeavesOneRow() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            try await database.run(
                "UPDATE hazecast.forecast_ledger SET issued_at = '2024-01-01 02:00Z' WHERE revision = 3")
            #expect(try await pairs(database, leads: 3) == ["1 30 12 12 t", "2 30 12 12 t", "3 30 12 12 t"])
        }
    }

    @Test func flaggedReadingsAreNoObservations() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            try await database.run(
                """
                INSERT INTO hazecast.reading_flag VALUES
                    (1, '2024-01-01 00:00Z', 'pm25', 'out_of_range'), (1, '2024-01-01 01:00Z', 'pm25', 'negative'),
                    (1, '2024-01-01 02:00Z', 'observed_at', 'future'), (1, '2024-01-01 03:00Z', 'pressure', 'out_of_range');
                UPDATE hazecast.reading SET pm25 = 'NaN' WHERE observed_at = '2024-01-01 04:00Z';
                INSERT INTO hazecast.reading (station_id, observed_at, pm25, received_at) VALUES
                    (1, '2023-12-31 20:00Z', 7, '2024-01-01'), (1, '2023-12-31 21:00Z', 8, '2024-01-01'),
                    (1, '2023-12-31 23:00Z', 9, '2024-01-01 01:30Z');
                """)
            // Persistence goes back three hours; 23:00Z was not known to the first revision.
            #expect(
                try await pairs(database, leads: 4) == ["1 30 - 9", "2 30 - 9", "3 30 12 9 t", "4 30 - 9"])
            try await database.run("DELETE FROM hazecast.reading_flag WHERE observed_at = '2024-01-01 01:00Z'")
            #expect(try await pairs(database, leads: 1) == ["1 10 12 8 t"])
        }
    }

    @Test func whatWasKnownAtATimeIsTheNewestForecastByThen() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            try await database.run(
                """
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, issued_at, model_id, pm25, digest)
                VALUES (1, '2024-01-01 01:00Z', 1, '2024-01-01 03:00Z', 1, array_fill(40::real, ARRAY[24]), 0)
                """)
            for (at, expected) in [
                ("01:10:59", []), ("01:11:00", ["24 0 1 10 f"]), ("02:59", ["24 0 2 20 f"]), ("03:00", ["24 1 1 40 f"]),
                // The older origin has been revised since, but is not the newest.
                ("04:00", ["24 1 1 40 t"]),
            ] {
                let found = try await database.column(
                    """
                    SELECT concat_ws(' ', count(*), extract(hour FROM origin AT TIME ZONE 'UTC'), revision, pm25, stale)
                    FROM hazecast.forecast_as_of('2024-01-01 \(at)Z') GROUP BY origin, revision, pm25, stale
                    """)
                #expect(found == expected, "\(at)")
            }
        }
    }

    @Test func warningsAreCountedAsHitsMissesAndFalseAlarms() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            try await database.run(
                """
                UPDATE hazecast.forecast_ledger SET issued_at = '2024-01-01 00:30Z' WHERE revision = 3;
                UPDATE hazecast.reading SET pm25 = 40 WHERE observed_at = '2024-01-01 02:00Z';
                """)
            // The forecast is 30: more than 25 has 90 %, more than 35 has 10 %. It came to 12, then to 40.
            for (level, probability, expected) in [
                (25, 0.5, ["1 1 0 0 1 - 1 0", "2 1 1 0 0 1 0 1"]), (35, 0.5, ["1 1 0 0 0 - - -", "2 1 0 1 0 0 - 0"]),
                (35, 0.05, ["1 1 0 0 1 - 1 0", "2 1 1 0 0 1 0 1"]), (40, 0.05, ["1 1 0 0 0 - - -", "2 1 0 0 0 - - -"]),
            ] {
                let found = try await database.column(
                    """
                    SELECT concat_ws(' ', lead, n, hits, misses, false_alarms, coalesce(pod::text, '-'),
                        coalesce(far::text, '-'), coalesce(csi::text, '-'))
                    FROM hazecast.exceedance_skill(\(level), \(probability), '2024-01-01', '2024-01-01 03:00Z')
                    """)
                #expect(found == expected, "\(level) \(probability)")
            }
            // Without bands nothing can be judged.
            try await database.run("UPDATE hazecast.forecast_ledger SET lower80 = NULL")
            #expect(
                try await database.column(
                    "SELECT lead::text FROM hazecast.exceedance_skill(25, 0.5, '2024-01-01', '2024-01-02')") == [])
        }
    }

    @Test func daysAreThoseOfTheTimeZone() async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.fill)
            try await database.run(
                """
                UPDATE hazecast.forecast_ledger SET pm25[17] = 99, pm25[18] = 98, pm25[20] = 98 WHERE revision = 3;
                UPDATE hazecast.reading SET pm25 = 50 WHERE observed_at = '2024-01-01 03:00Z';
                DELETE FROM hazecast.reading WHERE observed_at > '2024-01-01 03:00Z';
                """)
            func days(_ zone: String) async throws -> [String] {
                try await database.column(
                    """
                    SELECT concat_ws('|', station, day, pm25, to_char(valid_at AT TIME ZONE 'UTC', 'DD HH24'), hours,
                        observed, to_char(observed_at AT TIME ZONE 'UTC', 'DD HH24'), stale)
                    FROM hazecast.daily_max('\(zone)') ORDER BY day
                    """)
            }
            // Valid are 01:00Z to 00:00Z of the next day; in India the day changes at 18:30Z, and 18:00Z is still before.
            #expect(
                try await days("UTC") == ["roof|2024-01-01|99|01 17|23|50|01 03|t", "roof|2024-01-02|30|02 00|1|t"])
            #expect(
                try await days("Asia/Kolkata") == [
                    "roof|2024-01-01|99|01 17|18|50|01 03|t", "roof|2024-01-02|98|01 20|6|t",
                ])
            let state = try await sqlState(of: "SELECT * FROM hazecast.daily_max('Mars')", on: database.owner)
            #expect(state == "22023")
        }
    }

    @Test func aStationThatIsNotThereIsAnError() async throws {
        try await MigratedDatabase.with { database in
            for call in ["skill(station => 'x')", "exceedance_skill(75, station => 'x')"] {
                let state = try await sqlState(of: "SELECT * FROM hazecast.\(call)", on: database.owner)
                #expect(state == "P0002")
            }
        }
    }
}
