import Foundation
import Postgres
import Testing

/// An export of a network or an instrument, what its user knows of it, and the hours that follow from it.
struct ImportCase: Decodable, Sendable {
    struct Time: Decodable, Sendable {
        let columns: [String]
        let format: String
        let zone: String
    }

    enum Station: Decodable, Sendable {
        case name(String)
        case column(String)

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                self = .name(name)
            } else {
                self = .column(try #require(try [String: String](from: decoder)["column"]))
            }
        }
    }

    struct Measure: Decodable, Sendable {
        var column: String?
        var columns: [String]?
        var unit: String?
        var `where`: String?
    }

    struct Parameter: Decodable, Sendable {
        let column: String
        var value: String?
    }

    struct Keep: Decodable, Sendable {
        let column: String
        let `in`: [String]
    }

    struct Table: Decodable, Sendable {
        let file, delimiter, decimal, encoding, stamps, shape: String
        let skip_lines: Int
        let step: Double
        let missing: [String]
        let sentinels: [String: [Double]]
        let time: Time
        let measures: [String: Measure]
        var station: Station?
        var stations: [String]?
        var header: [String]?
        var parameter: Parameter?
        var keep: [Keep]?
        var thousands, quote, comment, correction: String?
        var skip_after_header: Int?
        var hour_columns: [String: Int]?
        var holds: Bool?
    }

    struct Given: Decodable, Sendable { let tables: [Table] }

    struct Hour: Decodable, Sendable {
        let station, observed_at: String
        var pm25, temperature, dew_point, pressure, wind_direction, wind_speed: Double?

        var values: [String: Double?] {
            [
                "pm25": pm25, "temperature": temperature, "dew_point": dew_point, "pressure": pressure,
                "wind_direction": wind_direction, "wind_speed": wind_speed,
            ]
        }
    }

    let given: Given
    let expected: [Hour]
    let tolerance: [String: Double]
    let rejected_rows: Int?

    /// Where they are.
    static let folder = (ProcessInfo.processInfo.environment["HAZECAST_CASES_DIR"] ?? "../shared/cases") + "/import/"

    /// All that there are.
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()

    static func named(_ name: String) throws -> ImportCase {
        try JSONDecoder().decode(ImportCase.self, from: Data(contentsOf: URL(filePath: folder + name + ".json")))
    }

    /// Compares what is in the database with what must be.
    func check(_ database: MigratedDatabase) async throws {
        let names = ["pm25", "temperature", "dew_point", "pressure", "wind_direction", "wind_speed"]
        let rows = try await database.owner.query(
            """
            SELECT name || ' ' || to_char(observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                \(names.joined(separator: ", "))
            FROM hazecast.reading JOIN hazecast.station ON id = station_id
            """)
        var got: [String: [String: Double]] = [:]
        for row in rows {
            for (number, name) in names.enumerated() where tolerance[name] != nil {
                let value = try row.decode(Float?.self, at: number + 1)
                got[try row.decode(String.self, at: 0), default: [:]][name] = value.map(Double.init)
            }
        }
        for hour in expected {
            let key = "\(hour.station) \(hour.observed_at)"
            for (name, tolerance) in tolerance {
                let (wanted, value) = (hour.values[name] ?? nil, got[key]?.removeValue(forKey: name))
                guard let wanted, let value else {
                    #expect(wanted == nil && value == nil, "\(key) \(name): \(value as Any), not \(wanted as Any)")
                    continue
                }
                var difference = abs(value - wanted)
                if name == "wind_direction" { difference = min(difference, 360 - difference) }
                // A real has seven digits.
                let allowed = tolerance + 2e-4 + 1e-6 * abs(wanted)
                #expect(difference <= allowed, "\(key) \(name): \(value), not \(wanted)")
            }
        }
        #expect(got.filter { !$0.value.isEmpty }.isEmpty, "hours that must have no value")
    }
}

extension ImportCase.Table {
    /// What a user of `--format csv` says of it.
    var arguments: [String] {
        var arguments = ["--format", "csv", "--stamps", stamps, "--delimiter", delimiter == "\t" ? "tab" : delimiter]
        func add(_ option: String, _ value: String?) {
            if let value { arguments += ["--\(option)", value] }
        }
        if holds == true { add("carry", "1h") } else { add("step", "\(step)s") }
        add("time-zone", time.zone)
        if time.format.hasPrefix("epoch") || time.format.hasPrefix("%") { add("time-format", time.format) }
        for column in time.columns { add("column", "observed_at=\(column)") }
        if decimal != "." { add("decimal", decimal) }
        if encoding != "utf-8" { add("encoding", encoding) }
        if skip_lines > 0 { add("skip-lines", "\(skip_lines)") }
        add("skip-after-header", skip_after_header.map(String.init))
        add("header", header?.joined(separator: ","))
        add("thousands", thousands)
        add("quote", quote)
        add("comment", comment)
        add("correction", correction)
        switch station {
        case .name(let name): add("station", name)
        case .column(let column): add("column", "station=\(column)")
        case nil: break
        }
        if let first = stations?.first, let last = stations?.last { add("station-columns", "\(first)..\(last)") }
        if let hours = hour_columns?.sorted(by: { $0.value < $1.value }), let first = hours.first, let last = hours.last
        {
            add("hour-columns", "\(first.key)..\(last.key)")
        }
        add("column", parameter.map { "parameter=\($0.column)" })
        add("column", parameter?.value.map { "value=\($0)" })
        for (measure, said) in measures.sorted(by: { $0.key < $1.key }) {
            add("parameter", said.where.map { "\(measure)=\($0)" })
            add("column", (said.column ?? said.columns?.first).map { "\(measure)=\($0)" })
            add("column", said.columns.map { "\(measure)_b=\($0[1])" })
            add("units", said.unit.map { "\(measure)=\($0)" })
        }
        for word in missing { add("missing", word) }
        for (measure, codes) in sentinels { for code in codes { add("error-code", "\(measure)=\(code)") } }
        for keep in keep ?? [] { add("where", "\(keep.column)=\(keep.in.joined(separator: ","))") }
        return arguments
    }
}
