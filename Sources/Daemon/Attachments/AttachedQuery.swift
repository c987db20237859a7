import Foundation
import Postgres

/// The SQL that reads an attached table: its columns as they are, of a span of time, newest rows first.
///
/// It holds what the attacher wrote (`where`), and planning it runs code of the table's owner (indexes, views, policies):
/// only `AttachedReader` runs it.
struct AttachedQuery {
    /// Columns that are read as numbers, by our names, in order; the others are text.
    struct Column: Sendable {
        let name: String
        let isNumber: Bool
    }

    let table: AttachedTable
    /// The measures, in the order of the columns behind station and time.
    let columns: [Column]
    private let time: AttachedTable.Family

    /// Stations that a statement names at most: for more it reads all and they are picked out here.
    private static let stationsAtMost = 500

    static let measures = [
        "pm25", "dew_point", "temperature", "pressure", "wind_direction", "wind_speed", "humidity", "wind_u", "wind_v",
    ]

    init(_ table: AttachedTable) throws(PostgresError) {
        self.table = table
        time = try table.family("observed_at")
        if table.settings.columns["station"] != nil { _ = try table.family("station") }
        var columns: [Column] = []
        for name in Self.measures where table.settings.columns[name] != nil {
            columns.append(Column(name: name, isNumber: try table.family(name) == .number))
        }
        self.columns = columns
    }

    /// The types of the answer's columns, as `RETURNS TABLE` has them.
    var types: String {
        let measures = columns.map { ", \($0.name) \($0.isNumber ? "float8" : "text")" }
        return "station text, observed_at \(timeType)\(measures.joined())"
    }

    private var timeType: String {
        switch time {
        case .instant: "timestamptz"
        case .local: "timestamp"
        case .number: "float8"
        default: "text"
        }
    }

    /// - Parameters:
    ///   - seconds: by the clock of the time column, since 1970, text being compared by days; open at the end where
    ///     `isOpen`, so that times that cannot be are found.
    ///   - stations: as text; nil for all.
    ///   - limit: rows at most, the newest.
    func select(_ seconds: Range<Int64>, isOpen: Bool, stations: Set<String>?, limit: Int) -> String {
        let settings = table.settings
        let observed = "row.\(Self.identifier(settings.columns["observed_at"] ?? ""))"
        let station = settings.columns["station"].map { "row.\(Self.identifier($0))" }
        var list = [
            station.map { "(\($0))::text" } ?? "\(Self.literal(settings.stationName ?? ""))::text",
            time == .number ? Self.number(observed) : "(\(observed))::\(timeType)",
        ]
        for column in columns {
            let name = "row.\(Self.identifier(settings.columns[column.name] ?? ""))"
            var value = column.isNumber ? Self.number(name) : "(\(name))::text"
            if let parameters = settings.parameters, let parameter = settings.columns["parameter"] {
                let wanted = parameters[column.name].map(Self.literal) ?? "NULL"
                value = "CASE WHEN (row.\(Self.identifier(parameter)))::text = \(wanted) THEN \(value) END"
            }
            list.append(value)
        }
        let (key, low, high) = bounds(observed, seconds)
        var conditions = ["\(key) >= \(low)"]
        if !isOpen { conditions.append("\(key) < \(high)") }
        if let station, let stations, stations.count <= Self.stationsAtMost,
            let names = names(stations)
        {
            conditions.append("\(station) = ANY (\(names))")
        }
        if let parameters = settings.parameters, let parameter = settings.columns["parameter"] {
            let wanted = columns.compactMap { parameters[$0.name] }.map(Self.literal).joined(separator: ", ")
            conditions.append("(row.\(Self.identifier(parameter)))::text IN (\(wanted.isEmpty ? "NULL" : wanted))")
        }
        if let condition = settings.where { conditions.append("(\(condition)\n)") }
        return """
            SELECT \(list.joined(separator: ", ")) FROM \(table.source) AS row
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(key) DESC LIMIT \(limit)
            """
    }

    /// The time column as it is compared, and the bounds in its own type, so that an index serves.
    private func bounds(_ observed: String, _ seconds: Range<Int64>) -> (key: String, low: String, high: String) {
        func text(_ second: Int64, _ length: Int) -> String {
            String(Date(timeIntervalSince1970: Double(second)).formatted(.iso8601).prefix(length))
        }
        switch time {
        case .instant:
            return (observed, "'\(text(seconds.lowerBound, 20))'", "'\(text(seconds.upperBound, 20))'")
        case .local:
            return (
                observed, "'\(text(seconds.lowerBound, 19))'::timestamp", "'\(text(seconds.upperBound, 19))'::timestamp"
            )
        case .number:
            return (observed, "\(seconds.lowerBound * table.ticks)", "\(seconds.upperBound * table.ticks)")
        default:
            // Offsets from UTC, and days that end at 24:00.
            return (
                "(\(observed))::text COLLATE \"C\"", "'\(text(seconds.lowerBound - 2 * 86_400, 10))'",
                "'\(text(seconds.upperBound + 3 * 86_400, 10))'"
            )
        }
    }

    /// Stations as an array of the column's type; nil where one of them is none, which would make the statement fail.
    private func names(_ stations: Set<String>) -> String? {
        switch table.families["station"] ?? nil {
        case .text: return "ARRAY[\(stations.sorted().map(Self.literal).joined(separator: ","))]::text[]"
        case .number where stations.allSatisfy { $0.count < 5 && $0.allSatisfy(\.isNumber) && Int($0) != nil }:
            return "'{\(stations.sorted().joined(separator: ","))}'"
        case .uuid where stations.allSatisfy { UUID(uuidString: $0) != nil }:
            return "'{\(stations.sorted().joined(separator: ","))}'"
        default: return nil
        }
    }

    /// A number that no cast fails for: NaN for what is none that is finite, zero for what is next to it.
    private static func number(_ column: String) -> String {
        """
        CASE WHEN \(column) BETWEEN -1e-20 AND 1e-20 THEN 0::float8 \
        WHEN \(column) BETWEEN -1e30 AND 1e30 THEN (\(column))::float8 \
        WHEN \(column) IS NOT NULL THEN 'NaN'::float8 END
        """
    }

    static func identifier(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

    /// For sessions with `standard_conforming_strings`, which the protocol of this program's connections has on.
    static func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}

extension AttachedTable {
    /// Ticks to a second, where the time column is a number.
    var ticks: Int64 {
        switch settings.units?["observed_at"]?.lowercased() {
        case "ms": 1_000
        case "us": 1_000_000
        default: 1
        }
    }
}
