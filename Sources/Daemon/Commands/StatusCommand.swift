import ArgumentParser
import Foundation
import Postgres

/// `hazecast status`: what `hazecast.status` says, for a terminal.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show daemons and stations: last reading, last forecast, lag, model, and why a model does not serve.")

    @OptionGroup var options: DatabaseOptions

    @Flag(help: "Print one JSON object instead of tables.")
    var json = false

    private struct Report: Encodable {
        struct Daemon: Encodable {
            let name: String
            let role: String
            let version: String
            let model: String?
            let heartbeatAge: Double
            let reason: String?
        }

        struct Station: Encodable {
            let name: String
            let lastReading: String?
            let lastOrigin: String?
            let lagHours: Double?
            let model: String?
            let liveSkill: Double?
            let verdict: String?
            let reason: String?
            let silentSince: String?
        }

        var daemons: [Daemon] = []
        var stations: [Station] = []
    }

    func run() async throws {
        let connection = try await options.connect(applicationName: "hazecast status")
        try await Migrator.check(connection)
        let report = try await Self.report(on: connection)
        await connection.close()
        if json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.sortedKeys]
            Swift.print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            Self.print(report)
        }
    }

    private static func report(on connection: Connection) async throws(PostgresError) -> Report {
        let stamp = "'YYYY-MM-DD\"T\"HH24:MI\"Z\"'"
        let rows = try await connection.query(
            """
            SELECT kind, name, to_char(last_reading AT TIME ZONE 'UTC', \(stamp)),
                to_char(last_origin AT TIME ZONE 'UTC', \(stamp)), (extract(epoch FROM lag) / 3600)::double precision,
                model, reason, extract(epoch FROM clock_timestamp() - heartbeat)::double precision, version, role,
                live_skill, verdict, to_char(silent_since AT TIME ZONE 'UTC', \(stamp))
            FROM hazecast.status ORDER BY kind, name
            """)
        var report = Report()
        for row in rows {
            let name = try row.decode(String.self, at: 1)
            let model = try row.decode(String?.self, at: 5)
            if try row.decode(String.self, at: 0) == "daemon" {
                report.daemons.append(
                    Report.Daemon(
                        name: name, role: try row.decode(String.self, at: 9),
                        version: try row.decode(String.self, at: 8),
                        model: model, heartbeatAge: try row.decode(Double.self, at: 7),
                        reason: try row.decode(String?.self, at: 6)))
            } else {
                report.stations.append(
                    Report.Station(
                        name: name, lastReading: try row.decode(String?.self, at: 2),
                        lastOrigin: try row.decode(String?.self, at: 3), lagHours: try row.decode(Double?.self, at: 4),
                        model: model, liveSkill: try row.decode(Double?.self, at: 10),
                        verdict: try row.decode(String?.self, at: 11), reason: try row.decode(String?.self, at: 6),
                        silentSince: try row.decode(String?.self, at: 12)))
            }
        }
        return report
    }

    private static func print(_ report: Report) {
        var daemons = TextTable(header: ["daemon", "role", "version", "model", "heartbeat", "trouble"])
        for daemon in report.daemons {
            daemons.add([
                daemon.name, daemon.role, daemon.version, daemon.model ?? "-", "\(Int(daemon.heartbeatAge)) s ago",
                daemon.reason ?? "",
            ])
        }
        var stations = TextTable(header: [
            "station", "last reading", "last forecast", "lag", "model", "live skill", "reason",
        ])
        for station in report.stations {
            stations.add([
                station.name, station.lastReading ?? "-", station.lastOrigin ?? "-",
                station.lagHours.map { "\(Int($0.rounded())) h" } ?? "-", station.model ?? "-",
                station.liveSkill.map { String(format: "%+.2f", $0) } ?? "-", station.reason ?? "",
            ])
        }
        Swift.print(report.daemons.isEmpty ? "no daemon has worked this database" : daemons.text)
        Swift.print("")
        Swift.print(report.stations.isEmpty ? "no stations" : stations.text)
    }
}
