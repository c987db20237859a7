import Foundation

/// The site as files, for a web space.
struct StaticSite {
    let renderer: Renderer
    let directory: URL

    /// Writes every page; a file is replaced as a whole. Files of stations that are gone stay.
    ///
    /// - Returns: how many files.
    func write() async throws -> Int {
        var count = 0
        for path in ["/", "/skill", "/models", "/alerts", "/data", "/style.css", "/icon.svg", "/api/stations.geojson"] {
            count += try await write(path, depth: 0) { try await $0.response(to: request(path), openMetrics: false) }
        }
        let stations = try await renderer.index.current().stations
        let pages = (stations.count + StationsPage.pageSize - 1) / StationsPage.pageSize
        for page in stride(from: 2, through: pages, by: 1) {
            count += try await write("/stations-\(page)", depth: 0) {
                try await $0.response(to: request("/?page=\(page)"), openMetrics: false)
            }
        }
        for station in stations {
            count += try await write("/station/\(station.id)", depth: 1) { try await $0.station(station) }
            count += try await write("/station/\(station.id)-skill", depth: 1) { try await $0.skill(station) }
            for file in ["forecast.json", "forecast.csv", "badge.svg"] {
                count += try await write("/api/stations/\(station.id)/\(file)", depth: 3) {
                    try await $0.document(station, file)
                }
            }
        }
        return count
    }

    private func request(_ target: String) throws -> Request {
        guard let request = Request(target: target, prefix: "") else { throw WebError("no page \(target)") }
        return request
    }

    private func write(
        _ path: String, depth: Int, _ make: (Renderer) async throws -> Response?
    ) async throws -> Int {
        let links = Links(mode: .files(depth: depth))
        let local = Renderer(
            database: renderer.database, settings: renderer.settings, links: links, index: renderer.index)
        // A station that was deleted since it was listed has no page.
        guard let response = try await make(local) else { return 0 }
        let file = directory.appending(path: Links.file(path))
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(response.body).write(to: file, options: .atomic)
        } catch {
            throw WebError("cannot write \(file.path()): \(error.localizedDescription)")
        }
        return 1
    }
}
