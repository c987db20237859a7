import Foundation

/// A dashboard of `deploy/grafana`, as far as the tests look at it.
struct GrafanaDashboard: Decodable {
    struct Source: Decodable, Equatable {
        let type: String
        let uid: String
    }

    struct Variable: Decodable {
        let name: String
        let type: String
        /// SQL of a `query` variable, values between commas of a `custom` one.
        let query: String
        let datasource: Source?
    }

    struct Panel: Decodable {
        struct Place: Decodable {
            let x, y, w, h: Int

            func overlaps(_ other: Self) -> Bool {
                x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
            }
        }
        struct Target: Decodable {
            let refId: String
            let datasource: Source
            let format: String
            let rawSql: String
        }
        struct Fields: Decodable {
            struct Override: Decodable {
                struct Matcher: Decodable {
                    let id: String
                    let options: String
                }
                let matcher: Matcher
            }
            let overrides: [Override]
        }
        let id: Int
        let type: String
        let title: String
        let datasource: Source
        let gridPos: Place
        let targets: [Target]
        let fieldConfig: Fields
    }

    struct Templating: Decodable { let list: [Variable] }

    struct Span: Decodable { let from, to: String }

    let uid: String
    let title: String
    let time: Span
    let templating: Templating
    let panels: [Panel]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../deploy/grafana").standardized

    static func all() throws -> [GrafanaDashboard] {
        let folder = folder.appending(path: "dashboards")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map { file in
            try JSONDecoder().decode(Self.self, from: Data(contentsOf: folder.appending(path: file)))
        }
    }

    /// A query as Grafana sends it.
    ///
    /// - Parameter values: of the variables; `${name:sqlstring}` is quoted, `$name` stands as it is.
    func expanded(_ sql: String, _ values: [String: String]) throws -> String {
        let (from, to) = (try Self.instant(time.from), try Self.instant(time.to))
        var text = sql.replacing(/\$__timeFilter\(([a-z_.]+)\)/) { "\($0.1) BETWEEN '\(from)' AND '\(to)'" }
        text = text.replacing("$__timeFrom()", with: "'\(from)'").replacing("$__timeTo()", with: "'\(to)'")
        for (name, value) in values {
            let quoted = "'\(value.replacing("'", with: "''"))'"
            text = text.replacing("${\(name):sqlstring}", with: quoted).replacing("$\(name)", with: value)
        }
        return text
    }

    /// `now`, or some days before or after it, as text.
    private static func instant(_ text: String) throws -> String {
        struct NotAnInstant: Error { let text: String }
        guard let match = text.wholeMatch(of: /now(?:([+-]\d+)d)?/) else { throw NotAnInstant(text: text) }
        let days = match.1.flatMap { Double($0) } ?? 0
        return Date(timeIntervalSinceNow: days * 86_400).ISO8601Format()
    }
}
