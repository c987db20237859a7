import Foundation
import Postgres
import TestSupport
import Testing

/// The dashboards of `deploy/grafana`: each query is run, Grafana itself is not.
struct GrafanaTests {
    @Test func dashboardsAreWhole() throws {
        let dashboards = try GrafanaDashboard.all()
        #expect(dashboards.count == 3 && Set(dashboards.map(\.uid)).count == 3)
        let provisioned = try String(
            contentsOf: GrafanaDashboard.folder.appending(path: "provisioning/datasources/hazecast.yaml"),
            encoding: .utf8)
        for dashboard in dashboards {
            let (panels, variables) = (dashboard.panels, dashboard.templating.list)
            #expect(Set(panels.map(\.id)).count == panels.count, "\(dashboard.title)")
            let sources =
                panels.map(\.datasource) + panels.flatMap { $0.targets.map(\.datasource) }
                + variables.compactMap(\.datasource)
            for source in sources {
                #expect(provisioned.contains("uid: \(source.uid)\n"), "\(dashboard.title): \(source.uid)")
                #expect(source.type == "grafana-postgresql-datasource")
            }
            let known = Set(variables.map(\.name) + ["__timeFilter", "__timeFrom", "__timeTo"])
            for panel in panels {
                let place = panel.gridPos
                #expect(place.x >= 0 && place.w > 0 && place.x + place.w <= 24, "\(panel.title)")
                #expect(panels.filter { $0.gridPos.overlaps(place) }.count == 1, "\(panel.title) covers another panel")
                #expect(Set(panel.targets.map(\.refId)).count == panel.targets.count, "\(panel.title)")
                for text in [panel.title] + panel.targets.map(\.rawSql) {
                    for name in text.matches(of: /\$\{?([A-Za-z_]+)/) {
                        #expect(known.contains(String(name.1)), "\(panel.title): $\(name.1)")
                    }
                    #expect(!text.matches(of: /'\$/).contains { _ in true }, "\(panel.title): quote with :sqlstring")
                }
            }
        }
    }

    /// A reader gets rows from every panel, with the columns that the panel draws.
    @Test(.enabled(if: ReplayedMonth.isAvailable)) func everyPanelShowsAReaderSomething() async throws {
        try await TestDatabase.withDatabase(ReplayedMonth.template) { conninfo in
            try await withDeadline(.seconds(120)) {
                let owner = try await Connection.connect(conninfo, applicationName: "owner")
                let database = MigratedDatabase(conninfo: conninfo, owner: owner)
                try await database.run(Self.history)
                // A name that a query must not take for its own text.
                try await database.run("UPDATE hazecast.station SET name = 'Dong''si' || chr(10) WHERE name = 'Dongsi'")
                let reader = try await database.connect(as: "hazecast_reader")
                try await reader.run(script: "SET default_transaction_read_only = on")
                for dashboard in try GrafanaDashboard.all() {
                    var choices: [String: [String]] = [:]
                    for variable in dashboard.templating.list {
                        choices[variable.name] =
                            variable.type == "custom"
                            ? variable.query.split(separator: ",").map(String.init)
                            : try await reader.query(variable.query).map { try $0.decode(String.self, at: 0) }
                        #expect(choices[variable.name]?.isEmpty == false, "\(dashboard.title): \(variable.name)")
                    }
                    for panel in dashboard.panels {
                        try await Self.check(panel, of: dashboard, choices: choices, on: reader)
                    }
                }
                await reader.close()
                await owner.close()
            }
        }
    }

    /// What a month of replayed readings does not have: a daemon, training, alerts.
    private static let history = """
        INSERT INTO hazecast.daemon (instance, host, pid, version, role)
        VALUES (gen_random_uuid(), 'host', 1, '1', 'active');
        INSERT INTO hazecast.training_run (state, why, decision, finished_at)
        VALUES ('rejected', 'scheduled', 'no better', now());
        INSERT INTO hazecast.alert_rule (name, level) VALUES ('smog', 75);
        INSERT INTO hazecast.alert (
            rule_id, rule, station_id, level, raised_at, origin, revision, lead, valid_at, pm25, probability)
        SELECT rule.id, rule.name, station.id, rule.level, now(), now(), 1, 1, now(), 80, 0.6
        FROM hazecast.alert_rule AS rule, hazecast.station WHERE station.name = 'Dongsi';
        """

    /// Runs a panel's queries with every value of every variable.
    private static func check(
        _ panel: GrafanaDashboard.Panel, of dashboard: GrafanaDashboard, choices: [String: [String]],
        on reader: Connection
    ) async throws {
        var columns: Set<String> = []
        let drawn = Set(panel.fieldConfig.overrides.map(\.matcher.options))
        for target in panel.targets {
            var rows = 0
            let used = choices.filter { target.rawSql.contains("$\($0.key)") || target.rawSql.contains("${\($0.key):") }
            for values in combinations(of: used) {
                let answer = try await reader.query(try dashboard.expanded(target.rawSql, values))
                rows += answer.count
                columns.formUnion(drawn.filter { answer.column($0) != nil })
                guard target.format == "time_series" else { continue }
                let times = try answer.map { try $0.decode(PostgresTimestamp.self, "time") }
                #expect(times == times.sorted(), "\(panel.title) \(target.refId)")
            }
            #expect(rows > 0, "\(panel.title) \(target.refId) shows nothing")
        }
        #expect(columns == drawn, "\(panel.title) draws columns that no query has")
    }

    private static func combinations(of choices: [String: [String]]) -> [[String: String]] {
        choices.sorted { $0.key < $1.key }.reduce([[:]]) { combinations, choice in
            combinations.flatMap { values in
                choice.value.map { value in values.merging([choice.key: value]) { $1 } }
            }
        }
    }
}
