import NIOHTTP1

/// Which requests are answered at all, and the headers of every answer.
struct ServerPolicy: Sendable {
    /// Names under which the site may be asked for, in lower case and without a port; nil allows any.
    let hosts: Set<String>?
    let prefix: String
    /// The origin whose scripts may read the API, `*` for any; nil for none.
    let corsOrigin: String?

    /// The answer to a request that is refused whatever it asks for; nil for others.
    func refusal(of head: HTTPRequestHead) -> (response: Response, headers: [(String, String)])? {
        guard head.method == .GET || head.method == .HEAD else {
            return (Response(status: 405, .text, "Only GET and HEAD are answered.\n"), [("Allow", "GET, HEAD")])
        }
        let named = head.headers["host"]
        guard named.count == 1 else {
            return (Response(status: 400, .text, "The request needs one Host header.\n"), [])
        }
        guard let hosts else { return nil }
        return hosts.contains(Self.name(of: named[0]))
            ? nil : (Response(status: 421, .text, "This server has another name; see --host.\n"), [])
    }

    /// A host without its port, in lower case.
    static func name(of host: String) -> String {
        let isPort = host.lastIndex(of: ":").map { host[$0...].dropFirst().allSatisfy(\.isNumber) } ?? false
        let isBareV6 = !host.hasPrefix("[") && host.count(where: { $0 == ":" }) > 1
        guard isPort, !isBareV6, let colon = host.lastIndex(of: ":") else { return host.lowercased() }
        return host[..<colon].lowercased()
    }

    func acceptsGzip(_ values: [String]) -> Bool {
        values.flatMap { $0.split(separator: ",") }.contains { coding in
            let parts = coding.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
            return parts.first == "gzip"
                && !(parts.dropFirst().contains { $0.hasPrefix("q=0") && Double($0.dropFirst(2)) == 0 })
        }
    }

    /// Whether a tag is one of those of If-None-Match.
    func matches(_ tags: String, _ tag: String) -> Bool {
        tags.split(separator: ",").contains { candidate in
            let candidate = candidate.filter { $0 != " " }
            return candidate == "*" || candidate == tag || "W/" + candidate == tag
        }
    }

    func headers(for response: Response) -> [(String, String)] {
        let isBadge = response.kind == .svg
        var headers = [
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
                    + "frame-ancestors 'none'"
            ),
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", isBadge ? "cross-origin" : "same-origin"),
            ("Vary", "Accept-Encoding"),
        ]
        if response.status == 200 {
            headers.append(("ETag", response.tag))
            headers.append(("Cache-Control", response.kind == .style ? "max-age=3600" : "no-cache"))
        } else {
            headers.append(("Cache-Control", "no-store"))
        }
        if response.isStale { headers.append(("Warning", "110 - \"Response is Stale\"")) }
        if response.status == 503 { headers.append(("Retry-After", "10")) }
        if let corsOrigin, [.json, .geoJSON, .csv].contains(response.kind) {
            headers.append(("Access-Control-Allow-Origin", corsOrigin))
        }
        return headers
    }
}
