import Foundation
import Postgres

/// Makes the site's answers from the database.
struct Renderer: Sendable {
    let database: Database
    let settings: WebSettings
    let links: Links
    let index: IndexCache

    /// Stations that one document holds at most: GeoJSON of more would take longer than a request may.
    private static let documentSize = 2000

    /// The answer to a request; nil where there is no such page.
    ///
    /// - Throws: `PostgresError`, `WebError`.
    func response(to request: Request, openMetrics: Bool) async throws -> Response? {
        guard let segments = request.segments else { return nil }
        switch (segments.first ?? "", segments.count) {
        case ("", _): return try await stations(request)
        case ("style.css", 1): return Response(.style, StyleSheet.text)
        case ("icon.svg", 1): return Response(.svg, Page.icon)
        case ("station", 2): return try await station(segments[1])
        case ("station", 3) where segments[2] == "skill":
            guard let station = try await find(segments[1]) else { return nil }
            return try await skill(station)
        case ("skill", 1): return try await skill(nil)
        case ("models", 1): return try await html(RecordPages.models(database))
        case ("alerts", 1): return try await html(RecordPages.alerts(database))
        case ("data", 1):
            let all = try await index.current().stations
            let page = slice(all, request.page, size: RecordPages.dataPageSize)
            return try await html(
                RecordPages.data(page, number: request.page, total: all.count, links, database))
        case ("metrics", 1):
            let exposition = try await Metrics.exposition(database)
            return openMetrics
                ? Response(.openMetrics, exposition.openMetrics) : Response(.text, exposition.text)
        case ("api", 2) where segments[1] == "stations.geojson":
            let all = try await index.current().stations
            let summaries = try await summaries(Array(all.prefix(Self.documentSize)))
            return Response(.geoJSON, try Documents.geoJSON(summaries, generated: try await clock().text))
        case ("api", 4) where segments[1] == "stations": return try await document(segments[2], segments[3])
        default: return nil
        }
    }

    private func stations(_ request: Request) async throws -> Response? {
        var found = try await index.current().matching(request.value("q"))
        let label = request.value("label").trimmed
        if !label.isEmpty {
            let with = try await labelled(label)
            found = found.filter { with.contains($0.id) }
        }
        let slice = slice(found, request.page, size: StationsPage.pageSize)
        let page = StationsPage(
            summaries: try await summaries(slice), total: found.count, number: request.page, search: request.value("q"),
            label: label, links: links)
        return try await html(page.page)
    }

    /// The ids of stations that have a label, named as `key=value`, or as `key` whatever its value.
    private func labelled(_ label: String) async throws -> Set<Int> {
        let parts = label.split(separator: "=", maxSplits: 1).map { String($0).trimmed }
        let rows = try await database.query(
            "SELECT id FROM hazecast.station WHERE labels ? $1 AND ($2::text IS NULL OR labels ->> $1 = $2)",
            [parts.first ?? "", parts.count > 1 ? parts[1] : nil])
        return Set(try rows.map { Int(try $0.decode(Int32.self, at: 0)) })
    }

    private func slice(_ stations: [StationID], _ page: Int, size: Int) -> [StationID] {
        Array(stations.dropFirst((page - 1) * size).prefix(size))
    }

    private func summaries(_ stations: [StationID]) async throws -> [StationSummary] {
        try await StationSummary.load(stations, settings, zones: index.zones(), database)
    }

    /// A station by its name, or by a name that it had.
    private func find(_ name: String) async throws -> StationID? {
        let rows = try await database.query(
            """
            SELECT station.id, station.name FROM hazecast.resolve_stations(ARRAY[$1]) AS found
            JOIN hazecast.station ON station.id = found.station_id
            """, [name])
        guard let row = rows.first else { return nil }
        return StationID(id: Int(try row.decode(Int32.self, at: 0)), name: try row.decode(String.self, at: 1))
    }

    private func station(_ name: String) async throws -> Response? {
        guard let station = try await find(name) else { return nil }
        return try await self.station(station)
    }

    func station(_ station: StationID) async throws -> Response? {
        guard let summary = try await summaries([station]).first else { return nil }
        let detail = try await StationDetail.load(summary, settings, database)
        let page = StationPage(
            summary: summary, detail: detail, categories: try await Category.load(settings, database), links: links,
            now: try await clock().seconds)
        return try await html(page.page)
    }

    func skill(_ station: StationID?) async throws -> Response {
        let categories = try await Category.load(settings, database)
        // The end of the second band: above it the air is bad for somebody in every standard that is here.
        let level = categories[min(1, categories.count - 1)].to
        return try await html(SkillPage.load(station, level: level, database).page(links))
    }

    private func document(_ name: String, _ file: String) async throws -> Response? {
        guard let station = try await find(name) else { return nil }
        return try await document(station, file)
    }

    func document(_ station: StationID, _ file: String) async throws -> Response? {
        guard let summary = try await summaries([station]).first else { return nil }
        switch file {
        case "forecast.json":
            let detail = try await StationDetail.load(summary, settings, database)
            return Response(.json, try Documents.json(summary, detail, standard: settings.standard))
        case "forecast.csv":
            return Response(.csv, Documents.csv(try await StationDetail.load(summary, settings, database)))
        case "badge.svg": return Response(.svg, Badge.svg(summary))
        default: return nil
        }
    }

    private func html(_ page: Page) async throws -> Response {
        Response(.html, page.html(links, generated: try await clock().text))
    }

    /// The database's time, so that ages agree with it.
    private func clock() async throws -> (seconds: Double, text: String) {
        let row = try await database.query(
            """
            SELECT extract(epoch FROM now())::float8, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
            """
        ).single()
        return (try row.decode(Double.self, at: 0), try row.decode(String.self, at: 1))
    }
}

/// The newest index of stations; while a new one is made, the old one is shown.
actor IndexCache {
    private static let lifetime = Duration.seconds(30)

    private let database: Database
    private var held: (index: StationIndex, zones: [String], made: ContinuousClock.Instant)?
    private var loading: Task<(StationIndex, [String]), any Error>?

    init(_ database: Database) { self.database = database }

    func current() async throws -> StationIndex { try await both().0 }

    /// Time zones that stations' labels name and the server knows.
    func zones() async throws -> [String] { try await both().1 }

    private func both() async throws -> (StationIndex, [String]) {
        if let held {
            let age = ContinuousClock.now - held.made
            if age < Self.lifetime { return (held.index, held.zones) }
            if age < Self.lifetime * 10 {
                _ = load()
                return (held.index, held.zones)
            }
        }
        return try await load().value
    }

    private func load() -> Task<(StationIndex, [String]), any Error> {
        if let loading { return loading }
        let task = Task { [database] in
            let index = try await StationIndex.load(database)
            let zones = try await database.query(
                """
                SELECT name FROM pg_timezone_names
                WHERE name IN (SELECT labels ->> 'time_zone' FROM hazecast.station WHERE labels ? 'time_zone')
                """
            ).map { try $0.decode(String.self, at: 0) }
            return (index, zones)
        }
        loading = task
        Task { finish(await task.result) }
        return task
    }

    private func finish(_ result: Result<(StationIndex, [String]), any Error>) {
        loading = nil
        if case .success(let (index, zones)) = result { held = (index, zones, .now) }
    }
}
