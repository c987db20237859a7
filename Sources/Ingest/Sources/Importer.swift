import Forecast
public import Postgres

/// Writes many readings at once, and says what that changed.
///
/// Everything of one call is one transaction: it is in the database as a whole or not at all, the daemon learns of it
/// once, and writing the same again changes nothing. Rows go by COPY into a temporary table and from there into
/// `hazecast.reading`, where an hour that is already known takes the new values. Only the measures that the source has
/// columns for are written; what else a reading holds stays.
///
/// A member of `hazecast_writer` may do all this.
public struct Importer: Sendable {
    /// What a transaction did.
    public struct Counts: Sendable, Equatable {
        /// Readings that were not there before.
        public var new = 0
        /// Readings that were there with other values.
        public var changed = 0
        /// Readings that were there already.
        public var unchanged = 0
        /// Readings that a later one for the same station and hour of the same source has replaced.
        public var repeated = 0
        /// Stations that were added.
        public var newStations = 0

        /// Readings in all.
        public var readings: Int { new + changed + unchanged + repeated }

        /// Nothing yet.
        public init() {}

        /// Adds what another transaction did.
        public static func += (left: inout Self, right: Self) {
            left.new += right.new
            left.changed += right.changed
            left.unchanged += right.unchanged
            left.repeated += right.repeated
            left.newStations += right.newStations
        }
    }

    /// Where a station stands.
    public struct Place: Sendable, Equatable {
        /// Degrees north, −90…90.
        public let latitude: Double
        /// Degrees east, −180…180.
        public let longitude: Double

        /// A place from its coordinates.
        public init(latitude: Double, longitude: Double) {
            self.latitude = latitude
            self.longitude = longitude
        }
    }

    /// Rows in one COPY: what is held in memory at a time.
    private static let batch = 1 << 16
    /// Deadline of each statement: a temporary table of a hundred million rows takes a while to sort.
    private static let patience = Duration.seconds(6 * 3600)

    private let connection: Connection

    /// An importer that works on a connection on which no transaction is open.
    public init(connection: Connection) { self.connection = connection }

    /// Writes readings in one transaction.
    ///
    /// - Parameters:
    ///   - measures: the columns that are written.
    ///   - place: of the stations that are not there yet.
    ///   - next: the readings in the order in which later ones replace earlier ones; nil at the end.
    /// - Throws: what `next` threw, or `PostgresError`; then nothing has been written, but for `.commitOutcomeUnknown`.
    public func write(
        measures: [MeasureColumn] = MeasureColumn.allCases, place: Place? = nil,
        next: () throws -> ParsedReading?
    ) async throws -> Counts {
        try await connection.withTransaction {
            let staged = try await stage(measures: measures, next: next)
            return try await move(measures: measures, place: place, staged: staged)
        }
    }

    /// Fills the temporary table.
    private func stage(measures: [MeasureColumn], next: () throws -> ParsedReading?) async throws -> Int {
        let columns = measures.map { "\($0.rawValue) real" }.joined(separator: ", ")
        try await connection.run(
            script: """
                CREATE TEMPORARY TABLE incoming
                    (position bigint, station text, observed_at timestamptz, \(columns)) ON COMMIT DROP;
                CREATE TEMPORARY TABLE named (station text, station_id integer, is_new boolean) ON COMMIT DROP
                """)
        var count = 0
        var isAtEnd = false
        while !isAtEnd {
            var rows = BinaryCopyWriter(capacity: Self.batch * 64)
            for _ in 0..<Self.batch {
                guard let reading = try next() else {
                    isAtEnd = true
                    break
                }
                rows.beginRow(fields: Int16(3 + measures.count))
                rows.append(Int64(count))
                rows.append(reading.station)
                rows.append(reading.hour.timestamp)
                for column in measures { rows.append(nullIfNaN: reading.measures[column]) }
                count += 1
            }
            try await connection.copyIn(
                "COPY pg_temp.incoming FROM STDIN (FORMAT binary)", rows.finished(), timeout: Self.patience)
        }
        return count
    }

    /// Moves the last reading of each station and hour from the temporary table to where it belongs.
    private func move(measures: [MeasureColumn], place: Place?, staged: Int) async throws(PostgresError) -> Counts {
        try await connection.run(script: "ANALYZE pg_temp.incoming", timeout: Self.patience)
        let stations = try await connection.query(
            """
            WITH resolved AS (
                INSERT INTO pg_temp.named (station, station_id, is_new)
                SELECT name, station_id, is_new FROM hazecast.resolve_stations(
                    ARRAY(SELECT DISTINCT station FROM pg_temp.incoming), true, $1::double precision, $2::double precision)
                RETURNING is_new
            )
            SELECT count(*) FILTER (WHERE is_new) FROM resolved
            """, [place?.latitude, place?.longitude], timeout: Self.patience)
        let known = try await connection.query(
            """
            SELECT count(*), count(r.station_id)
            FROM (SELECT DISTINCT station_id, observed_at FROM pg_temp.incoming JOIN pg_temp.named USING (station)) AS i
            LEFT JOIN hazecast.reading AS r ON r.station_id = i.station_id AND r.observed_at = i.observed_at
            """, timeout: Self.patience)
        let written = try await connection.query(Self.upsert(measures), timeout: Self.patience)

        var counts = Counts()
        let distinct = Int(known.int64(0, 0))
        counts.repeated = staged - distinct
        counts.new = distinct - Int(known.int64(0, 1))
        // Another writer may add an hour between the two statements; it then counts as new here and not as changed.
        counts.changed = max(0, written.affected - counts.new)
        counts.unchanged = distinct - counts.new - counts.changed
        counts.newStations = Int(stations.int64(0, 0))
        return counts
    }

    /// Rows that stay as they are must not be touched: an update would tell the daemon of something new.
    private static func upsert(_ measures: [MeasureColumn]) -> String {
        func list(_ prefix: String) -> String { measures.map { prefix + $0.rawValue }.joined(separator: ", ") }
        return """
            INSERT INTO hazecast.reading AS r (station_id, observed_at, \(list("")))
            SELECT DISTINCT ON (n.station_id, i.observed_at) n.station_id, i.observed_at, \(list("i."))
            FROM pg_temp.incoming AS i JOIN pg_temp.named AS n USING (station)
            ORDER BY n.station_id, i.observed_at, i.position DESC
            ON CONFLICT (station_id, observed_at) DO UPDATE SET (\(list(""))) = ROW (\(list("excluded.")))
            WHERE (\(list("r."))) IS DISTINCT FROM (\(list("excluded.")))
            """
    }
}
