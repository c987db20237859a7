internal import Forecast
public import Postgres

/// The settings of quality control, as `hazecast.quality_rule` has them.
public struct QualityRules: Hashable, Sendable {
    /// PM2.5 that stays the same for too long.
    public struct Stuck: Hashable, Sendable {
        /// Hours before an hour that had its value, above `level`; twice as many at or below it.
        public var hours: Int
        /// µg/m³ at or below which honest instruments rest at their detection limit.
        public var level: Float
    }

    /// An hour of PM2.5 that stands out from both of its neighbours.
    public struct Spike: Hashable, Sendable {
        /// µg/m³ that it is above the higher one.
        public var margin: Float
        /// Times the higher one that it exceeds.
        public var factor: Float
    }

    /// Values of PM2.5 that instruments report instead of a measurement, exactly equal.
    public struct ErrorCodes: Hashable, Sendable {
        private let codes: Set<Float>
        /// Of stations that have others, for which they stand instead.
        private let ofStations: [Int32: Set<Float>]
        /// The common case is decided by one comparison.
        private let least: Float

        init(_ codes: Set<Float>, ofStations: [Int32: Set<Float>] = [:]) {
            self.codes = codes
            self.ofStations = ofStations
            least = ofStations.values.reduce(codes) { $0.union($1) }.min() ?? .infinity
        }

        func contain(_ pm25: Float, of station: Int32?) -> Bool {
            pm25 >= least && (station.flatMap { ofStations[$0] } ?? codes).contains(pm25)
        }
    }

    /// The closed ranges of the six measures in column order; they always apply.
    public var ranges: [ClosedRange<Float>]
    /// None where switched off.
    public var errorCodes = ErrorCodes([])
    /// nil where switched off, as the others.
    public var stuck: Stuck?
    /// Of PM2.5 alone.
    public var spike: Spike?
    /// Hours in a row that repeat the hour before in every measure.
    public var duplicate: Int?
    /// Hours before its own hour that a reading may be received.
    public var clockJump: Int?

    /// As a new database has them.
    public static let standard = QualityRules(
        ranges: [Measures.leastPM25...5_000, -100...50, -100...70, 300...1_100, 0...360, 0...150],
        errorCodes: ErrorCodes([985, 999, 999.9, 1999.9, 4999, 5000]), stuck: Stuck(hours: 12, level: 5),
        spike: Spike(margin: 300, factor: 3), duplicate: 3, clockJump: 3)

    /// The standard ranges and no rule that compares hours, for readings that have been judged already.
    public static let ofSingleHours = QualityRules(ranges: standard.ranges)

    /// Hours before an hour that decide whether it is flagged.
    public var lookBack: Int { max(2 * (stuck?.hours ?? 0), duplicate ?? 0, spike == nil ? 0 : 1) }

    /// The settings of a database; a rule that has no row there is switched off, a range is the standard one.
    public static func load(on connection: Connection) async throws(PostgresError) -> QualityRules {
        let rows = try await connection.query(
            """
            SELECT flag, measure, lowest, highest, hours, level, margin, factor, codes FROM hazecast.quality_rule
            WHERE enabled
            """)
        var rules = QualityRules(ranges: standard.ranges)
        for row in rows {
            let hours = Int(try row.decode(Int32?.self, at: 4) ?? 0)
            let measure = try row.decode(String.self, at: 1)
            switch QualityControl.Flag(rawValue: try row.decode(String.self, at: 0)) {
            case .outOfRange:
                let range = try row.decode(Float.self, at: 2)...row.decode(Float.self, at: 3)
                if let place = QualityControl.columns.firstIndex(of: measure) { rules.ranges[place] = range }
            case .errorCode:
                var ofStations: [Int32: Set<Float>] = [:]
                for row in try await connection.query("SELECT station_id, codes FROM hazecast.station_error_codes") {
                    ofStations[try row.decode(Int32.self, at: 0)] = Set(try row.decode([Float].self, at: 1))
                }
                rules.errorCodes = ErrorCodes(Set(try row.decode([Float].self, at: 8)), ofStations: ofStations)
            case .stuck: rules.stuck = Stuck(hours: hours, level: try row.decode(Float.self, at: 5))
            case .spike:
                rules.spike = Spike(
                    margin: try row.decode(Float.self, at: 6), factor: try row.decode(Float.self, at: 7))
            case .duplicate: rules.duplicate = hours
            case .clockJump: rules.clockJump = hours
            case .notFinite, .negative, .future, .before2000, nil: break
            }
        }
        return rules
    }
}
