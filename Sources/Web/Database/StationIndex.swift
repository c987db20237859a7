import Postgres

/// The names of all stations, worst first: small enough to hold 100,000 of them in memory.
struct StationIndex: Sendable {
    let stations: [StationID]

    /// The order is that of the highest value that the newest forecast has for the coming hours; stations without one,
    /// and those whose forecast is old, come last.
    static func load(_ database: Database) async throws(PostgresError) -> StationIndex {
        let rows = try await database.query(
            """
            SELECT station.id, station.name
            FROM hazecast.station
            LEFT JOIN (
                SELECT station AS name, max(pm25) AS peak
                FROM hazecast.latest_forecast
                WHERE NOT stale AND valid_at >= date_trunc('hour', now(), 'UTC')
                GROUP BY station
            ) AS ahead USING (name)
            ORDER BY ahead.peak DESC NULLS LAST, station.name
            """)
        var stations: [StationID] = []
        stations.reserveCapacity(rows.count)
        for row in rows {
            stations.append(
                StationID(id: Int(try row.decode(Int32.self, at: 0)), name: try row.decode(String.self, at: 1)))
        }
        return StationIndex(stations: stations)
    }

    /// Those whose name contains a text, whatever its case.
    func matching(_ search: String) -> [StationID] {
        let wanted = search.trimmed.lowercased()
        return wanted.isEmpty ? stations : stations.filter { $0.name.lowercased().contains(wanted) }
    }
}

extension String {
    var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
