/// What a client asks for: a path below the prefix, and the values of its query.
struct Request: Sendable, Hashable {
    let path: String
    private let query: [String: String]

    /// - Parameter prefix: what the target begins with where a proxy does not take it away.
    /// - Returns: nil for a target that is no path, or is badly encoded.
    init?(target: String, prefix: String) {
        guard target.hasPrefix("/") else { return nil }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = String(parts[0])
        if !prefix.isEmpty, path == prefix || path.hasPrefix(prefix + "/") {
            path = String(path.dropFirst(prefix.count))
        }
        self.path = path.isEmpty ? "/" : path
        var query: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Links.decoded(sides[0], plusIsSpace: true),
                let value = Links.decoded(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
            else { return nil }
            // Only these are read, so that others do not fill the cache.
            if ["q", "label", "page"].contains(name), !value.isEmpty { query[name] = String(value.prefix(200)) }
        }
        self.query = query
    }

    func value(_ name: String) -> String { query[name] ?? "" }
    var page: Int { min(max(Int(value("page")) ?? 1, 1), 1_000_000) }

    /// The decoded segments of the path; nil where one is badly encoded.
    var segments: [String]? {
        let decoded = path.split(separator: "/").map { Links.decoded($0) }
        return decoded.contains(nil) ? nil : decoded.compactMap { $0 }
    }
}

/// What is answered.
struct Response: Sendable {
    enum Kind: String, Sendable {
        case html = "text/html; charset=utf-8"
        case style = "text/css; charset=utf-8"
        case json = "application/json"
        case geoJSON = "application/geo+json"
        case csv = "text/csv; charset=utf-8"
        case svg = "image/svg+xml"
        case text = "text/plain; version=0.0.4; charset=utf-8"
        case openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }

    var status = 200
    let kind: Kind
    let body: [UInt8]
    let gzipped: [UInt8]?
    let tag: String
    /// Whether the database was away, so that this is what was known before.
    var isStale = false

    init(status: Int = 200, _ kind: Kind, _ text: String, isStale: Bool = false) {
        self.status = status
        self.kind = kind
        self.isStale = isStale
        body = Array(text.utf8)
        gzipped = body.count > 512 ? Gzip.compressed(body) : nil
        // FNV-1a: it tells versions of one page apart and guards nothing.
        let hash = body.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        // Weak, because the compressed form has the same.
        tag = "W/\"\(String(hash, radix: 16))\""
    }

    /// Bytes in memory.
    var size: Int { body.count + (gzipped?.count ?? 0) + 256 }
}
