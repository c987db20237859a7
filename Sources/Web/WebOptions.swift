import ArgumentParser
import Foundation
import Postgres

/// Options of every command: which database, and how its numbers are shown.
struct WebOptions: ParsableArguments {
    @Option(
        help: """
            libpq connection string or URI of a login in hazecast_reader or hazecast_tenant. Default: \
            HAZECAST_DATABASE, else libpq's own environment (PGHOST, PGDATABASE, …).
            """)
    var database: String?

    @Option(help: "Air-quality standard that names and colours values (default: HAZECAST_WEB_STANDARD or us-epa-2024).")
    var standard: String?

    @Option(help: "Colours of categories: official or safe (default: HAZECAST_WEB_COLOURS or official).")
    var colours: String?

    @Option(help: "Time zone of stations without a label time_zone (default: HAZECAST_WEB_TIME_ZONE or UTC).")
    var timeZone: String?

    @Option(help: "Path under which a proxy serves the pages, such as /air (default: HAZECAST_WEB_PREFIX or none).")
    var prefix: String?

    /// The options with the environment's values where no flag is given.
    func settings() throws -> WebSettings {
        do {
            try PasswordCredential.adopt()
        } catch {
            throw WebError(error.message)
        }
        let colours = Self.value(self.colours, "HAZECAST_WEB_COLOURS") ?? "official"
        guard let palette = Palette(rawValue: colours) else {
            throw WebError("--colours is '\(colours)'; it may be official or safe")
        }
        let prefix = Self.value(self.prefix, "HAZECAST_WEB_PREFIX") ?? ""
        guard prefix.isEmpty || prefix.wholeMatch(of: /(\/[A-Za-z0-9._~-]+)+/) != nil else {
            throw WebError("--prefix is '\(prefix)'; it begins with a slash and ends without one, such as /air")
        }
        return WebSettings(
            database: Self.value(database, "HAZECAST_DATABASE") ?? "",
            standard: Self.value(standard, "HAZECAST_WEB_STANDARD") ?? "us-epa-2024", palette: palette,
            timeZone: Self.value(timeZone, "HAZECAST_WEB_TIME_ZONE") ?? "UTC", prefix: prefix)
    }

    /// A flag, else a variable that is not empty.
    static func value(_ flag: String?, _ variable: String) -> String? {
        flag ?? ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Settings that hold for the life of the process.
struct WebSettings: Sendable {
    let database: String
    let standard: String
    let palette: Palette
    let timeZone: String
    let prefix: String
}

/// Where the colours of categories come from.
enum Palette: String, Sendable {
    /// The standard's own colours; `safe` for a standard that names none.
    case official
    /// Seven steps of cividis, which people with any colour vision can tell apart; dark is dirty.
    case safe

    private static let cividis = ["#FDE737", "#D2C060", "#A69D75", "#7F7C75", "#575D6D", "#2A3F6D", "#00204C"]

    /// The colour of a category.
    ///
    /// - Parameters:
    ///   - official: the standard's; nil where it has none.
    ///   - band: the place of the category, from 1 for the cleanest.
    func colour(official: String?, band: Int) -> String {
        if self == .official, let official { return official }
        return Self.cividis[min(max(band, 1), Self.cividis.count) - 1]
    }
}
