import CLibpq
import Glibc

/// What a connection is opened with: the user's connection string as it stands, and what he did not say himself.
struct ConnectionParameters: Sendable {
    /// Keywords and values in libpq's order: of two equal keywords the later one counts.
    let options: [(keyword: String, value: String)]

    /// - Throws: `.misuse` for a malformed string; the error repeats no part of it, because any part may be the password.
    init(_ conninfo: String, applicationName: String, timeout: Duration) throws(PostgresError) {
        let given = try Self.parse(conninfo)
        // What a service file says of keepalives is libpq's to read, and values given here would override it.
        let hasService = given["service"] != nil || getenv("PGSERVICE") != nil
        let hosts = Int64((given["host"] ?? given["hostaddr"] ?? "").count { $0 == "," } + 1)
        let milliseconds = min(max(timeout.components.seconds, 1), 15) * 1000 / hosts
        let defaults: [(keyword: String, value: String)] = [
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            // It also bounds the attempt at one of several hosts, so that a dead first one leaves time for the second.
            ("tcp_user_timeout", String(milliseconds)),
        ]
        var options = hasService ? [] : defaults
        options += [
            ("fallback_application_name", applicationName), ("dbname", conninfo), ("client_encoding", "UTF8"),
        ]
        self.options = options
    }

    /// What the string itself says, without service file and environment.
    ///
    /// - Throws: `.misuse` for a malformed string.
    static func parse(_ conninfo: String) throws(PostgresError) -> [String: String] {
        // Anything else is a plain database name, as it is for psql.
        guard conninfo.contains("=") || conninfo.contains("://") else { return [:] }
        if conninfo.utf8.contains(0) {
            throw PostgresError(
                .misuse, "malformed connection string: it contains a NUL character", operation: "connect")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(conninfo, &message) else {
            defer { PQfreemem(message) }
            let text = message.map { ServerMessage.oneLine(String(cString: $0)) } ?? "out of memory"
            throw PostgresError(
                .misuse, "malformed connection string: \(withoutSecrets(text))", operation: "connect")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        // Else a part of the password would pass for a part of the host's name.
        if let host = values["host"], !host.hasPrefix("@"), !host.hasPrefix("/"), host.contains("@") {
            throw PostgresError(
                .misuse, "malformed connection string: an @ in the user name or password of a URI is written %40",
                operation: "connect")
        }
        return values
    }

    /// Only what comes before the first colon or quotation: libpq quotes the string that it could not read.
    private static func withoutSecrets(_ text: String) -> String {
        let kind = ServerMessage.withoutQuotations(text)
        return kind.contains("URI") ? "libpq cannot read it as a URI" : kind
    }
}
