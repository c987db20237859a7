import Postgres
import TestSupport
import Testing

/// `hazecast.evaluate_alerts` on forecasts that were made up.
struct SchemaAlertTests {
    /// A forecast of `pm25` at all leads for station 1, `hour` hours into 2014; what came of it as `raised cleared`.
    private func issue(
        _ pm25: Float, at hour: Int, bands: Bool = false, in database: MigratedDatabase
    ) async throws -> String {
        let edges = [0.5, 0.8, 1.2, 1.5].map { bands ? "array_fill(\(Float($0) * pm25)::real, ARRAY[24])" : "NULL" }
        return try await database.value(
            """
            WITH issued AS (
                INSERT INTO hazecast.forecast_ledger
                    (station_id, origin, revision, model_id, pm25, lower95, lower80, upper80, upper95, digest)
                VALUES (1, '2014-01-01 00:00+00'::timestamptz + \(hour) * interval '1 hour', 1, 1,
                    array_fill(\(pm25)::real, ARRAY[24]), \(edges.joined(separator: ", ")), 0)
            )
            SELECT 'issued'
            """, as: String.self) == "issued"
            ? try await database.value(
                """
                SELECT concat_ws(' ', raised, cleared, failure) FROM hazecast.evaluate_alerts(
                    ARRAY[1], ARRAY['2014-01-01 00:00+00'::timestamptz + \(hour) * interval '1 hour'], ARRAY[1])
                """) : ""
    }

    private func with(
        rule: String, _ body: @escaping @Sendable (MigratedDatabase) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in
            try await database.run(
                """
                INSERT INTO hazecast.station (name, labels) VALUES ('a', '{"district": "east"}');
                INSERT INTO hazecast.alert_rule \(rule)
                """)
            try await body(database)
        }
    }

    @Test func hysteresisAndTheQuietPeriodStopFlapping() async throws {
        try await with(rule: "(name, level, hysteresis, quiet_period) VALUES ('r', 100, 20, '3 hours')") { database in
            var outcomes: [String] = []
            for (hour, pm25) in [Float(100), 101, 99, 81, 79, 101, 101, 101, 101].enumerated() {
                outcomes.append(try await issue(pm25, at: hour, in: database))
            }
            // Not above; raised; held twice; cleared; two quiet hours; raised; stands.
            #expect(outcomes == ["0 0", "1 0", "0 0", "0 0", "0 1", "0 0", "0 0", "1 0", "0 0"])
        }
    }

    @Test func aProbabilityIsComparedWithTheExceedance() async throws {
        try await with(rule: "(name, level, probability) VALUES ('r', 100, 0.9)") { database in
            let outcomes = [
                try await issue(124, at: 0, bands: true, in: database),
                try await issue(126, at: 1, bands: true, in: database),
            ]
            #expect(outcomes == ["0 0", "1 0"])
        }
    }

    @Test func aProbabilityWithoutBandsIsSaidToBeImpossible() async throws {
        try await with(rule: "(name, level, probability) VALUES ('r', 100, 0.5)") { database in
            #expect(try await issue(500, at: 0, in: database) == "0 0")
            let reason = try await database.value("SELECT reason FROM hazecast.alert_rule_status", as: String.self)
            #expect(reason.hasPrefix("the forecasts of 1 of 1 stations have no bands"))
        }
    }

    @Test(arguments: [
        ("(name, level, labels) VALUES ('r', 100, '{\"district\": \"east\"}')", "1 0"),
        ("(name, level, labels) VALUES ('r', 100, '{\"district\": \"west\"}')", "0 0"),
        ("(name, level, station_id) VALUES ('r', 100, 1)", "1 0"),
        ("(name, level, enabled) VALUES ('r', 100, false)", "0 0"),
        ("(name, level) VALUES ('r', 100), ('s', 50)", "2 0"),
    ])
    func rulesAreForAStationForLabelsOrForAll(rule: String, outcome: String) async throws {
        try await with(rule: rule) { database in
            let issued = try await issue(150, at: 0, in: database)
            #expect(issued == outcome)
        }
    }

    @Test(arguments: [
        ("us-epa-2024", Float(35.5)), ("cn-hj633-2012", 75.5),
    ])
    func aCategoryIsALevel(standard: String, level: Float) async throws {
        try await MigratedDatabase.with { database in
            let name = try await database.value(
                """
                SELECT category FROM hazecast.air_quality_breakpoint WHERE standard = '\(standard)' AND band = 3
                """, as: String.self)
            try await database.run(
                "INSERT INTO hazecast.alert_rule (name, standard, category) VALUES ('r', '\(standard)', '\(name)')")
            let resolved = try await database.value("SELECT level FROM hazecast.alert_rule", as: Float.self)
            #expect(resolved == level, "\(name)")
            // The least concentration that the index functions put there.
            let found = try await database.value(
                """
                SELECT hazecast.aqi_category(\(level) - 0.01, '\(standard)') <> '\(name)'
                    AND hazecast.aqi_category(\(level) + 0.01, '\(standard)') = '\(name)'
                """, as: Bool.self)
            #expect(found)
        }
    }

    @Test(arguments: [
        "(name, standard, category) VALUES ('r', 'us-epa-2024', 'Foggy')",
        "(name, level, standard) VALUES ('r', 1, 'us-epa-2024')",
        "(name, level) VALUES ('r', 'NaN')", "(name, level) VALUES ('r', -1)", "(name, level) VALUES ('', 1)",
        "(name, level, probability) VALUES ('r', 1, 1)", "(name, level, first_lead) VALUES ('r', 1, 0)",
        "(name, level, first_lead, last_lead) VALUES ('r', 1, 5, 4)", "(name, level, hysteresis) VALUES ('r', 1, 2)",
        "(name, level, quiet_period) VALUES ('r', 1, '2 years')", "(name, level, labels) VALUES ('r', 1, '[]')",
    ])
    func whatCannotBeEvaluatedIsRefused(rule: String) async throws {
        try await MigratedDatabase.with { database in
            let state = try await sqlState(of: "INSERT INTO hazecast.alert_rule \(rule)", on: database.owner)
            #expect(state == "23514")
        }
    }

    @Test func theLongestNamesFitIntoANotification() async throws {
        try await with(rule: "(name, level) VALUES (repeat(E'\\x01', 5000), 100)") { database in
            try await database.run("UPDATE hazecast.station SET name = repeat(E'\\x01', 5000)")
            #expect(try await issue(150, at: 0, in: database) == "1 0")
        }
    }
}
