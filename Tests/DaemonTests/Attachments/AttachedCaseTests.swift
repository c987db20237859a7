import Foundation
import Postgres
import TestSupport
import Testing

@testable import Daemon

/// Exports of networks and instruments that were loaded into a table as they are, and attached in one command.
///
/// Those that PostgreSQL takes as a table: columns with names, and times that one of its types reads. What stands in two
/// columns is put together in a generated column.
struct AttachedCaseTests {
    private struct Case: Decodable {
        struct Table: Decodable {
            struct Time: Decodable {
                let columns: [String]
                let format: String
                let zone: String

                /// That of a column which holds it.
                var type: String {
                    if format.hasPrefix("epoch") { return "numeric" }
                    if format.hasSuffix(" UTC") { return "timestamptz" }
                    return format.hasPrefix("iso") ? "text" : "timestamp"
                }
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
                var columns: [String]?
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
            let step: Double
            let skip_lines: Int
            var comment: String?
            var correction: String?
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
        "01-purpleair-hourly", "01b-purpleair-epa", "02-purpleair-10min-epoch", "03-thingspeak", "04-sensor-community",
        "07b-airnow-embassy", "08-aqs-hourly", "10-openair-export", "11-eea-e1a", "15-airgradient",
        "15b-airgradient-5min-local", "17b-davis-iso-utf8", "18b-home-assistant-statistics", "19b-grafana-epoch-ms",
        "21b-metone-mg", "21c-bam-iso-sentinels", "23-aeroqual-aqy", "23b-aeroqual-iso", "30c-dst-gap", "31b-bom-crlf",
        "33-na-words", "34-24h", "35-tsv", "36-case-header", "37-two-files", "38-ten-minute-iso", "38b-ten-minute-end",
        "51-right-units", "52-wrong-units", "54-pressure-pa", "60-bam2-985-stretch", "70b-uv-kmh", "71-asos-join",
        "73-eccc-climate", "74-compass-words",
    ]

    private static let folder = ProcessInfo.processInfo.environment["HAZECAST_CASES_DIR"] ?? "../shared/cases"

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: folder + "/import"), "there are no cases here"),
        arguments: names)
    func aTableLikeAnExportGivesItsHours(name: String) async throws {
        let path = Self.folder + "/import/"
        let one = try JSONDecoder().decode(Case.self, from: Data(contentsOf: URL(filePath: path + name + ".json")))
        try await MigratedDatabase.with { database in
            for (number, table) in one.given.tables.enumerated() {
                let header = try await Self.load(path + table.file, table, into: "export_\(number)", database)
                let arguments = try Self.arguments(table, header)
                try await database.run(
                    "SELECT hazecast.attach('export_\(number)', \(arguments), backfill => '100 years')")
            }
            try await database.settle()
            try await database.settle(at: "now() + interval '25 hours'")
            #expect(try await database.column("SELECT error FROM hazecast.attachments WHERE error IS NOT NULL") == [])
            try await Self.compare(one, database)
        }
    }

    /// Makes a table of a file as it is.
    ///
    /// - Returns: the names of its columns.
    private static func load(
        _ path: String, _ table: Case.Table, into name: String, _ database: MigratedDatabase
    ) async throws -> [String] {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).dropFirst(table.skip_lines)
        if let comment = table.comment { lines.removeAll { $0.starts(with: comment.utf8) } }
        let header = String(decoding: lines.first ?? [], as: UTF8.self)
            .split(separator: Character(table.delimiter), omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"\r")) }
        let columns = header.map { column in
            "\(quoted(column)) \(column == table.time.columns[0] && table.time.columns.count == 1 ? table.time.type : "text")"
        }
        var generated: [String] = []
        if table.time.columns.count > 1 {
            let parts = table.time.columns.map(quoted).joined(separator: " || ' ' || ")
            generated.append("stamp text GENERATED ALWAYS AS (\(parts)) STORED")
        }
        for (measure, column) in table.measures {
            guard let columns = column.columns else { continue }
            let sum = columns.map { "\(quoted($0))::numeric" }.joined(separator: " + ")
            generated.append("\(measure)_mean numeric GENERATED ALWAYS AS ((\(sum)) / \(columns.count)) STORED")
        }
        try await database.run("CREATE TABLE \(name) (\((columns + generated).joined(separator: ", ")))")
        try await database.owner.copyIn(
            """
            COPY \(name) (\(header.map(quoted).joined(separator: ", "))) FROM STDIN
                (FORMAT csv, HEADER, DELIMITER E'\(table.delimiter)')
            """, Array(lines.joined(separator: [10])))
        return header
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
    private static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

    /// The one command.
    private static func arguments(_ table: Case.Table, _ header: [String]) throws -> String {
        /// As the table writes it.
        func named(_ column: String) -> String {
            header.first { $0.trimmingCharacters(in: .whitespaces).lowercased() == column.lowercased() } ?? column
        }
        let time = table.time.columns.count > 1 ? "stamp" : named(table.time.columns[0])
        var arguments = ["observed_at => \(literal(time))"]
        switch table.station {
        case .name(let name): arguments.append("station_name => \(literal(name))")
        case .column(let column): arguments.append("station => \(literal(named(column)))")
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
            let name = column.columns == nil ? column.column.map(named) : "\(measure)_mean"
            arguments.append("\(measure) => \(literal(name ?? table.parameter?.value ?? ""))")
        }
        if let parameter = table.parameter {
            arguments.append("parameter => \(literal(parameter.column))")
            arguments.append("parameters => \(try json(table.measures.compactMapValues(\.where)))")
        }
        if let keep = table.keep?.first {
            let list = keep.in.map(literal).joined(separator: ", ")
            arguments.append("\"where\" => $$\(quoted(keep.column)) IN (\(list))$$")
        }
        if let correction = table.correction { arguments.append("correction => \(literal(correction))") }
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
