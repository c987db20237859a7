import Forecast
import Foundation
import Ingest
import Postgres
import TestSupport
import Testing

@testable import Daemon

private let noon = Site.noon

/// Rules, and what the daemon raises and clears by them.
@Suite struct AlertTests {
    private func state(_ site: Site) async throws -> String? {
        try await site.text(
            """
            SELECT coalesce(string_agg(concat_ws(' ', rule, coalesce(cleared_because, 'stands')), ', ' ORDER BY rule_id, id), '')
            FROM hazecast.alert
            """)
    }

    /// The real binary: one row and one notification, no second one while it stands, cleared when it falls.
    @Test func aCrossingForecastIsToldOnceAndClearedWhenItFalls() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            let listener = try await Connection.connect(site.conninfo, applicationName: "test")
            var notifications = try await listener.listen(to: ["hazecast_alert"]).makeAsyncIterator()
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            func issue(_ hour: UTCHour, pm25: Float) async throws {
                var measures = Site.measures(hour)
                measures.pm25 = pm25
                try await site.write(roof, hour, measures)
                try await eventually { try await site.latest("roof")?.origin == hour }
            }
            for hour in -29..<0 { try await site.write(roof, noon.advanced(by: hour)) }
            try await issue(noon, pm25: 10)
            try await site.run("INSERT INTO hazecast.alert_rule (name, level, last_lead) VALUES ('smog', 120, 1)")
            for hour in 1...3 { try await issue(noon.advanced(by: hour), pm25: 400) }
            #expect(try await state(site) == "smog stands")
            #expect(try await site.text("SELECT lead || ' ' || (pm25 > 120) FROM hazecast.standing_alert") == "1 true")
            for hour in 4...6 { try await issue(noon.advanced(by: hour), pm25: 5) }
            #expect(try await state(site) == "smog fell")
            try await site.run("NOTIFY hazecast_alert, 'end'")
            var payloads: [String] = []
            while let payload = try await notifications.next()?.payload, payload != "end" { payloads.append(payload) }
            #expect(payloads.count == 2)
            #expect(payloads.first?.contains(#""event": "raised""#) == true)
            #expect(payloads.first?.contains(#""station": "roof""#) == true)
            #expect(payloads.last?.contains(#""event": "cleared""#) == true)
            await listener.close()
        }
    }

    @Test func aCorrectionClearsAndADeletedRuleNoLongerWatches() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            _ = try await turns.turn()
            try await site.run(
                "INSERT INTO hazecast.alert_rule (name, level, last_lead) VALUES ('smog', 150, 1), ('gone', 150, 1)")
            var high = Site.measures(noon)
            high.pm25 = 400
            try await site.write(roof, noon, high)
            #expect(try await turns.turn().alerts == Alerts.Outcome(raised: 2))
            try await site.run("DELETE FROM hazecast.alert_rule WHERE name = 'gone'")
            try await site.write(roof, noon)
            #expect(try await state(site) == "smog stands, gone unwatched")
            #expect(try await turns.turn().alerts == Alerts.Outcome(cleared: 1))
            #expect(try await state(site) == "smog fell, gone unwatched")
        }
    }

    /// No reading comes any more that could clear them.
    @Test func alertsEndWithTheirRuleTheirStationAndTheirForecasts() async throws {
        try await Site.with { site in
            var turns = try await Turns(site.conninfo)
            for name in ["roof", "yard", "gone"] {
                let id = try await site.addStation(name)
                try await site.run("UPDATE hazecast.station SET labels = '{\"of\": \"\(name)\"}' WHERE id = \(id)")
                try await site.write(id, noon.advanced(by: -29)...noon)
            }
            _ = try await turns.turn()
            try await site.run(
                """
                INSERT INTO hazecast.alert_rule (name, labels, level)
                SELECT name, labels, 0 FROM hazecast.station ORDER BY name; UPDATE hazecast.reading SET pm25 = pm25 + 1
                """)
            #expect(try await turns.turn().alerts == Alerts.Outcome(raised: 3))
            try await site.run("UPDATE hazecast.alert_rule SET enabled = false WHERE name = 'roof'")
            #expect(try await state(site) == "gone stands, roof unwatched, yard stands")
            try await site.run(
                """
                DELETE FROM hazecast.reading USING hazecast.station WHERE id = station_id AND name = 'gone';
                DELETE FROM hazecast.station WHERE name = 'gone'
                """)
            #expect(try await state(site) == "gone unwatched, roof unwatched, yard stands")
            await turns.connection.close()
            // Its forecasts are of days long past: the daemon finds that out by itself.
            let daemon = try site.daemon()
            defer { daemon.signal(SIGKILL) }
            try await eventually {
                try await state(site) == "gone unwatched, roof unwatched, yard expired"
            }
        }
    }

    @Test func anOperatorClearsAnAlertByHand() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.run("INSERT INTO hazecast.alert_rule (name, level) VALUES ('any', 0)")
            try await site.write(roof, noon.advanced(by: -29)...noon)
            #expect(try await turns.turn().alerts == Alerts.Outcome(raised: 1))
            try await site.run(
                "SET ROLE hazecast_operator; SELECT hazecast.clear_alert(id) FROM hazecast.standing_alert"
            )
            #expect(try await state(site) == "any by hand")
            let error = await #expect(throws: PostgresError.self) {
                try await site.run("SELECT hazecast.clear_alert(1)")
            }
            #expect(error?.message == "no alert 1 stands")
        }
    }

    /// A jump to 20 times what there has been for days raises an alert when the next reading confirms it.
    @Test func aReadingThatIsOutOfTheWayNeedsASecondOne() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            var turns = try await Turns(site.conninfo)
            try await site.run("INSERT INTO hazecast.alert_rule (name, level, last_lead) VALUES ('smog', 60, 1)")
            func write(_ hour: Int, _ pm25: Float) async throws {
                var measures = Site.measures(noon.advanced(by: hour))
                measures.pm25 = pm25
                try await site.write(roof, noon.advanced(by: hour), measures)
            }
            for hour in -29...0 { try await write(hour, 20 + Float(-hour % 5)) }
            #expect(try await turns.turn().alerts == Alerts.Outcome())
            try await write(1, 700)
            #expect(try await turns.turn().alerts == Alerts.Outcome())
            #expect(try await site.latest("roof")?.pm25 ?? 0 > 60)
            try await write(2, 710)
            #expect(try await turns.turn().alerts == Alerts.Outcome(raised: 1))
        }
    }

    /// Whatever is wrong with alerts, the forecasts are issued.
    @Test func aFailureCostsNoForecast() async throws {
        try await Site.with { site in
            let roof = try await site.addStation("roof")
            try await site.run(
                """
                INSERT INTO hazecast.alert_rule (name, level) VALUES ('smog', 0);
                ALTER TABLE hazecast.alert ADD CONSTRAINT broken CHECK (false) NOT VALID
                """)
            try await site.write(roof, noon.advanced(by: -29)...noon)
            var turns = try await Turns(site.conninfo)
            let result = try await turns.turn()
            #expect(result.forecasts == 1)
            #expect(result.alerts.failure?.contains("broken") == true)
            #expect(try await site.latest("roof")?.origin == noon)
        }
    }

    /// Under row-level security the ledger is written without COPY; it is the same ledger.
    @Test func theLedgerIsTheSameWithTenants() async throws {
        func ledger(withTenant: Bool) async throws -> [String] {
            var lines: [String] = []
            try await Site.with { site in
                try await site.run("CREATE ROLE alert_service LOGIN IN ROLE hazecast_daemon; CREATE ROLE alert_tenant")
                if withTenant { try await site.run("SELECT hazecast.restrict_reader('alert_tenant', '{\"a\": 1}')") }
                for name in ["roof", "yard"] {
                    try await site.write(try await site.addStation(name), noon.advanced(by: -29)...noon)
                }
                let daemon = try Executable.hazecast.start(["run", "--database", site.conninfo + " user=alert_service"])
                defer { daemon.signal(SIGKILL) }
                try await eventually { try await site.text("SELECT count(*) FROM hazecast.forecast_ledger") == "2" }
                daemon.signal(SIGTERM)
                _ = try await withDeadline(.seconds(5)) { await daemon.end() }
                lines = try await site.connection.query(
                    "SELECT (to_jsonb(l) - 'issued_at')::text FROM hazecast.forecast_ledger AS l ORDER BY 1"
                ).map { try $0.decode(String.self, at: 0) }
                try await site.run("DROP ROLE alert_service, alert_tenant")
            }
            return lines
        }
        #expect(try await ledger(withTenant: true) == ledger(withTenant: false))
    }
}
