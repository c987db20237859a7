import ArgumentParser
import CSystemd
import Foundation
import Postgres

/// `hazecast serve`: the pages, read-only.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve pages, an API and metrics over HTTP, or write them as files.",
        discussion: """
            It needs a login that may read only: GRANT hazecast_reader, or restrict_reader for some stations. It \
            listens on this machine unless told otherwise; put a proxy with TLS before it for others.
            """)

    @OptionGroup var options: WebOptions

    @Option(help: "HOST:PORT or unix:PATH (default: HAZECAST_WEB_LISTEN or 127.0.0.1:8470).")
    var listen: String?

    @Option(
        help: """
            Names under which the site is asked for, with commas between them (default: HAZECAST_WEB_HOSTS). On TCP \
            localhost and the address itself are allowed besides; on a unix socket, all names where none is given.
            """)
    var host: String?

    @Option(help: "Origin whose scripts may read the API, or * (default: HAZECAST_WEB_CORS or none).")
    var cors: String?

    @Option(help: "Write the pages as files into this directory and end.")
    var out: String?

    func run() async throws {
        let settings = try options.settings()
        guard TimeZone(identifier: settings.timeZone) != nil else {
            throw WebError("--time-zone is '\(settings.timeZone)'; it may be a name such as Europe/Berlin")
        }
        let redacted: String
        do {
            redacted = try ConnectionString.redacted(settings.database)
        } catch {
            throw WebError("--database: \(error.message)")
        }
        let database = Database(settings.database)
        let renderer = Renderer(
            database: database, settings: settings, links: Links(mode: .server(prefix: settings.prefix)),
            index: IndexCache(database))
        if let out {
            do {
                try await Self.check(settings, database)
                let count = try await StaticSite(
                    renderer: renderer, directory: URL(filePath: out, directoryHint: .isDirectory)
                ).write()
                print("\(count) files in \(out)")
            } catch let error as PostgresError {
                throw WebError(error.message)
            }
            return
        }
        try await serve(settings, database, renderer, redacted)
    }

    private func serve(
        _ settings: WebSettings, _ database: Database, _ renderer: Renderer, _ redacted: String
    ) async throws {
        let text = WebOptions.value(listen, "HAZECAST_WEB_LISTEN") ?? "127.0.0.1:8470"
        guard let address = ListenAddress(text) else {
            throw WebError(
                "--listen is '\(text)'; it may be such as 127.0.0.1:8470, [::1]:8470 or unix:/run/web/socket")
        }
        let hosts = (WebOptions.value(host, "HAZECAST_WEB_HOSTS") ?? "").split(separator: ",").map {
            String($0).trimmed
        }
        do {
            try await Self.check(settings, database)
        } catch let error as PostgresError {
            HazecastWeb.log("the database does not answer yet, which is waited for: \(error.message)")
        }
        let policy = ServerPolicy(
            hosts: Self.allowed(hosts, address), prefix: settings.prefix,
            corsOrigin: WebOptions.value(cors, "HAZECAST_WEB_CORS"))
        // Before anything listens, so that no signal is lost.
        let (signals, sources) = Self.endSignals()
        defer { for source in sources { source.cancel() } }
        let server = try await Server.start(address, site: Site(renderer), policy: policy)
        let place = "\(server.address)\(settings.prefix)"
        HazecastWeb.log("serving \(redacted.isEmpty ? "libpq's default database" : redacted) at \(place)")
        if !address.isLocal {
            HazecastWeb.log("other machines can reach \(place), without TLS: anybody there sees these stations")
        }
        _ = sd_notify(0, "READY=1\nSTATUS=serving at \(place)")
        for await _ in signals { break }
        _ = sd_notify(0, "STOPPING=1")
        await server.stop()
        await database.close()
    }

    /// SIGTERM and SIGINT, as they come.
    private static func endSignals() -> (AsyncStream<Void>, [any DispatchSourceSignal]) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        return (stream, sources)
    }

    private static func allowed(_ hosts: [String], _ address: ListenAddress) -> Set<String>? {
        var names = Set(hosts.map { $0.lowercased() })
        if case .tcp(let host, _) = address {
            names.formUnion(["localhost", "127.0.0.1", "[::1]", host.contains(":") ? "[\(host)]" : host.lowercased()])
        }
        return names.isEmpty ? nil : names
    }

    /// That the standard is known, and whether the login could do more than it should.
    private static func check(_ settings: WebSettings, _ database: Database) async throws {
        _ = try await Category.load(settings, database)
        let row = try await database.query(
            """
            SELECT current_user::text, has_table_privilege('hazecast.reading', 'INSERT')
                OR has_table_privilege('hazecast.forecast_ledger', 'INSERT')
                OR has_table_privilege('hazecast.alert_rule', 'INSERT')
            """
        ).single()
        if try row.decode(Bool.self, at: 1) {
            HazecastWeb.log(
                "the login \(try row.decode(String.self, at: 0)) may write; give the pages one that is in hazecast_reader only"
            )
        }
    }
}
