import Postgres

/// Answers requests from a cache, and from the database where the cache is too old.
///
/// A page is made once for all who ask for it at a time. While the database is away the last version is shown, marked.
actor Site {
    /// Bytes of answers that are kept.
    private static let capacity = 24 << 20
    /// After the database did not answer, how long it is not asked again.
    private static let pause = Duration.seconds(3)

    private struct Entry {
        let response: Response
        let made: ContinuousClock.Instant
        var used: ContinuousClock.Instant
    }

    private struct Key: Hashable {
        let request: Request
        let openMetrics: Bool
    }

    private let renderer: Renderer
    private var entries: [Key: Entry] = [:]
    private var size = 0
    private var making: [Key: Task<Response, Never>] = [:]
    private var away: ContinuousClock.Instant?

    init(_ renderer: Renderer) { self.renderer = renderer }

    func respond(to request: Request, wantsOpenMetrics: Bool) async -> Response {
        let key = Key(request: request, openMetrics: wantsOpenMetrics && request.path == "/metrics")
        let now = ContinuousClock.now
        if let entry = entries[key], now - entry.made < Self.lifetime(of: request) {
            entries[key]?.used = now
            return entry.response
        }
        if let task = making[key] { return await task.value }
        let isFixed = request.path == "/style.css" || request.path == "/icon.svg"
        if let away, now - away < Self.pause, !isFixed { return outage(key) }
        let task = Task { await make(key) }
        making[key] = task
        let response = await task.value
        making[key] = nil
        return response
    }

    private func make(_ key: Key) async -> Response {
        do {
            let response = try await renderer.response(to: key.request, openMetrics: key.openMetrics)
            away = nil
            guard let response else {
                return message(404, "There is no such page", "The station may have another name, or be none of yours.")
            }
            keep(response, key)
            return response
        } catch let error as PostgresError where error.isAway {
            if away == nil { HazecastWeb.log("the database cannot be reached: \(error.message)") }
            away = .now
            return outage(key)
        } catch let error as PostgresError where error.isDenied {
            return message(403, "This login may not see it", "The role that serves these pages lacks the right to.")
        } catch let error as PostgresError where error.sqlState == "57014" || error.code == .timedOut {
            return entries[key].map { stale($0.response) }
                ?? message(503, "It takes too long", "The database did not answer in time. Try again later.")
        } catch {
            // The log has the reason; the page has no SQL.
            HazecastWeb.log("\(key.request.path): \((error as? PostgresError)?.message ?? "\(error)")")
            return message(500, "This cannot be shown", "The log of hazecast-web says why.")
        }
    }

    /// The last version, or that there is none.
    private func outage(_ key: Key) -> Response {
        if key.request.path == "/metrics" { return Metrics.down(openMetrics: key.openMetrics) }
        return entries[key].map { stale($0.response) }
            ?? message(503, "The database cannot be reached", "This page has not been shown before. Try again later.")
    }

    private func stale(_ response: Response) -> Response {
        let text = String(decoding: response.body, as: UTF8.self)
        return Response(
            response.kind, text.replacing(Page.staleMark, with: Page.staleNote), isStale: true)
    }

    private func message(_ status: Int, _ title: String, _ text: String) -> Response {
        Response(status: status, .html, Page.message(title, text).html(renderer.links, generated: "now"))
    }

    private func keep(_ response: Response, _ key: Key) {
        size += response.size - (entries[key]?.response.size ?? 0)
        entries[key] = Entry(response: response, made: .now, used: .now)
        guard size > Self.capacity else { return }
        // A quarter at once, so that this is seldom.
        for (key, entry) in entries.sorted(by: { $0.value.used < $1.value.used }) where size > Self.capacity * 3 / 4 {
            entries[key] = nil
            size -= entry.response.size
        }
    }

    private static func lifetime(of request: Request) -> Duration {
        if request.path.hasSuffix("/skill") { return .seconds(900) }
        switch request.path {
        case "/style.css", "/icon.svg": return .seconds(86_400)
        case "/metrics": return .seconds(5)
        case "/models", "/data", "/api/stations.geojson": return .seconds(60)
        default: return .seconds(10)
        }
    }
}

extension PostgresError {
    /// Whether there is no database to ask now.
    fileprivate var isAway: Bool { recovery == .reconnect && code != .timedOut || code == .connectionFailed }
}
