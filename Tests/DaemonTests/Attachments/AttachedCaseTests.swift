import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// Exports of networks and instruments that were loaded into a table as they are, and attached in one command.
///
/// Those that PostgreSQL takes as a table: comma or tab, a header, ISO times or numbers since 1970.
struct AttachedCaseTests {
    private struct Case: Decodable {
        struct Table: Decodable {
            struct Time: Decodable {
                let columns: [String]
                let format: String
                let zone: String
            }
            enum Station: Decodable {
                case name(String)
                case column(String)

                init(from decoder: any Decoder) throws {
                    if let name = try? decoder.singleValueContainer().decode(String.self) {
                        self = .name(name)
                    } else {
                        let column = try [String: String](from: decoder)["column"]
                        self = .column(try #require(column))
                    }
                }
            }
            struct Measure: Decodable {
                var column: String?
                var unit: String?
                var `where`: String?
            }
            struct Parameter: Decodable {
                let column: String
                let value: String
            }
            struct Keep: Decodable {
                let column: String
                let `in`: [String]
            }
            let file: String
            let delimiter: String
            let stamps: String
            let step: Int
            let missing: [String]
            let sentinels: [String: [Double]]
            let time: Time
            let station: Station
            let measures: [String: Measure]
            var parameter: Parameter?
            var keep: [Keep]?
        }
        struct Given: Decodable { let tables: [Table] }
        struct Hour: Decodable {
            let station: String
            let observed_at: String
            var pm25: Double?
            var temperature: Double?
            var dew_point: Double?
            var pressure: Double?
            var wind_direction: Double?
            var wind_speed: Double?

            var measures: [String: Double?] {
                [
                    "pm25": pm25, "temperature": temperature, "dew_point": dew_point, "pressure": pressure,
                    "wind_direction": wind_direction, "wind_speed": wind_speed,
                ]
            }
        }
        let given: Given
        let expected: [Hour]
        let tolerance: [String: Double]
    }

    private static let names = [
        "01-purpleair-hourly", "02-purpleair-10min-epoch", "10-openair-export", "11-eea-e1a", "15-airgradient",
        "15b-airgradient-5min-local", "17b-davis-iso-utf8", "18b-home-assistant-statistics", "19b-grafana-epoch-ms",
        "21b-metone-mg", "21c-bam-iso-sentinels", "23b-aeroqual-iso", "31b-bom-crlf", "33-na-words", "35-tsv",
        "38-ten-minute-iso", "38b-ten-minute-end", "51-right-units", "52-wrong-units", "54-pressure-pa",
        "60-bam2-985-stretch", "70b-uv-kmh", "73-eccc-climate", "74-compass-words",
    ]

    private static let folder = ProcessInfo.processInfo.environment["HAZECAST_CASES_DIR"] ?? "../shared/cases"

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: folder + "/import"), "there are no cases here"),
        arguments: names)
    func aTableLikeAnExportGivesItsHours(name: String) async throws {
        let path = Self.folder + "/import/"
        let one = try JSONDecoder().decode(Case.self, from: Data(contentsOf: URL(filePath: path + name + ".json")))
        let table = try #require(one.given.tables.first)
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path + table.file)))
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let header = String(decoding: bytes.prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
            .split(separator: Character(table.delimiter), omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"")) }
        try await MigratedDatabase.with { [bytes] database in
            let time = table.time.columns[0]
            let isNumber = table.time.format.hasPrefix("epoch")
            let columns = header.map { "\(Self.quoted($0)) \($0 == time && isNumber ? "numeric" : "text")" }
            try await database.run("CREATE TABLE export (\(columns.joined(separator: ", ")))")
            try await database.owner.copyIn(
                "COPY export FROM STDIN (FORMAT csv, HEADER, DELIMITER E'\(table.delimiter)')", bytes)
            let arguments = try Self.arguments(table)
            try await database.run("SELECT hazecast.attach('export', \(arguments), backfill => '100 years')")
            try await database.settle()
            try await database.settle(at: "now() + interval '25 hours'")
            #expect(try await database.column("SELECT error FROM hazecast.attachments WHERE error IS NOT NULL") == [])
            try await Self.compare(one, database)
        }
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
    private static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

    /// The one command.
    private static func arguments(_ table: Case.Table) throws -> String {
        var arguments = ["observed_at => \(literal(table.time.columns[0]))"]
        switch table.station {
        case .name(let name): arguments.append("station_name => \(literal(name))")
        case .column(let column): arguments.append("station => \(literal(column))")
        }
        func json(_ value: some Encodable) throws -> String {
            literal(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
        }
        var units = table.measures.compactMapValues(\.unit).filter { $0.value != "points" }
        if table.time.format == "epoch-ms" { units["observed_at"] = "ms" }
        if let unit = units.removeValue(forKey: "wind_u") {
            units["wind_v"] = nil
            units["wind_speed"] = unit
        }
        for (measure, column) in table.measures {
            arguments.append("\(measure) => \(literal(column.column ?? table.parameter?.value ?? ""))")
        }
        if let parameter = table.parameter {
            arguments.append("parameter => \(literal(parameter.column))")
            arguments.append("parameters => \(try json(table.measures.compactMapValues(\.where)))")
        }
        if let keep = table.keep?.first {
            let list = keep.in.map(literal).joined(separator: ", ")
            arguments.append("\"where\" => $$\(quoted(keep.column)) IN (\(list))$$")
        }
        if !units.isEmpty { arguments.append("units => \(try json(units))") }
        if !table.sentinels.isEmpty { arguments.append("error_codes => \(try json(table.sentinels))") }
        if !table.missing.isEmpty { arguments.append("missing => \(try json(table.missing))") }
        arguments.append("stamps => '\(table.stamps == "end" ? "end" : "beginning")'")
        arguments.append("step => '\(table.step) seconds', time_zone => '\(table.time.zone)'")
        return arguments.joined(separator: ", ")
    }

    private static func compare(_ one: Case, _ database: MigratedDatabase) async throws {
        let rows = try await database.owner.query(
            """
            SELECT name || ' ' || to_char(observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), pm25,
                temperature, dew_point, pressure, wind_direction, wind_speed
            FROM hazecast.reading JOIN hazecast.station ON id = station_id
            """)
        let names = ["pm25", "temperature", "dew_point", "pressure", "wind_direction", "wind_speed"]
        var got: [String: [String: Float]] = [:]
        for row in rows {
            for (number, name) in names.enumerated() {
                if let value = try row.decode(Float?.self, at: number + 1) {
                    got[try row.decode(String.self, at: 0), default: [:]][name] = value
                }
            }
        }
        for hour in one.expected {
            let key = "\(hour.station) \(hour.observed_at)"
            for (name, wanted) in hour.measures {
                let value = got[key]?.removeValue(forKey: name).map(Double.init)
                let difference = wanted.flatMap { wanted in value.map { abs($0 - wanted) } }
                #expect((wanted == nil) == (value == nil), "\(key) \(name): \(value as Any), not \(wanted as Any)")
                if let difference {
                    let turned = name == "wind_direction" ? min(difference, 360 - difference) : difference
                    #expect(
                        turned <= one.tolerance[name] ?? 0.01, "\(key) \(name): \(value as Any), not \(wanted as Any)")
                }
            }
        }
        #expect(got.filter { !$0.value.isEmpty }.isEmpty, "hours that must have no value")
    }
}
