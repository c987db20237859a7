import CLibpq
import Glibc

/// What a connection is opened with: the user's connection string as it stands, and what he did not say himself.
struct ConnectionParameters: Sendable {
    /// One of the hosts that are tried; nil is what libpq takes by itself.
    struct Host: Sendable, Equatable {
        /// A name, an address, or the folder of a socket.
        var name: String?
        var address: String?
        var port: String?

        /// Whether the name is to be translated to addresses.
        var hasName: Bool { address == nil && name.map { !$0.hasPrefix("/") && !$0.hasPrefix("@") } == true }
    }

    /// The hosts, in the order in which they are tried.
    let hosts: [Host]
    /// How long an attempt at one address of a host may take.
    let timeout: Duration
    /// Whether the addresses of a name are tried in random order.
    let isBalanced: Bool
    /// What the session is to be like, as `target_session_attrs` has it: a second round where the first finds none.
    let rounds: [String?]
    /// Keywords and values in libpq's order: of two equal keywords the later one counts.
    private let options: [(keyword: String, value: String)]

    /// - Parameter timeout: for all hosts together, where the user gives no `connect_timeout`.
    /// - Throws: `.misuse` for a malformed string; the error repeats no part of it, because any part may be the password.
    init(_ conninfo: String, applicationName: String, timeout: Duration) throws(PostgresError) {
        _ = try Self.parse(conninfo)
        let effective = Self.effective(conninfo)
        isBalanced = effective["load_balance_hosts"] == "random"
        hosts = isBalanced ? Self.hosts(effective).shuffled() : Self.hosts(effective)
        // libpq itself takes 1 for 2, and 0 for no limit, with which a silent host would be waited for for ever.
        let given = effective["connect_timeout"].flatMap { Int64($0) } ?? 0
        let share = Double(max(timeout.components.seconds, 1)) / Double(hosts.count)
        self.timeout = .seconds(given > 0 ? Double(max(given, 2)) : max(share, 1))
        rounds = effective["target_session_attrs"] == "prefer-standby" ? ["standby", "any"] : [nil]
        let defaults: [(keyword: String, value: String)] = [
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String(min(max(timeout.components.seconds, 1), 15) * 1000)),
        ]
        options =
            defaults.filter { effective[$0.keyword] == nil } + [
                ("fallback_application_name", applicationName), ("dbname", conninfo), ("client_encoding", "UTF8"),
            ]
    }

    /// Keywords and values for an attempt at one address.
    func options(for host: Host, attributes: String?) -> [(keyword: String, value: String)] {
        let own = [
            ("host", host.name), ("hostaddr", host.address), ("port", host.port), ("target_session_attrs", attributes),
        ]
        return options + own.compactMap { keyword, value in value.map { (keyword, $0) } }
    }

    /// What the string itself says, without service file and environment.
    ///
    /// - Throws: `.misuse` for a malformed string, and for one in which a part of the password may pass for something
    ///   else.
    static func parse(_ conninfo: String) throws(PostgresError) -> [String: String] {
        // Anything else is a plain database name, as it is for psql.
        guard conninfo.contains("=") || conninfo.contains("://") else { return [:] }
        if conninfo.utf8.contains(0) { throw malformed("it contains a NUL character") }
        if let start = ["postgresql://", "postgres://"].first(where: conninfo.hasPrefix),
            case let rest = conninfo.dropFirst(start.count), let at = rest.lastIndex(of: "@"),
            rest[..<at].contains(where: { $0 == "@" || $0 == "/" })
        {
            throw malformed("an @ in a URI that does not end the password is written %40, and a / in the password %2F")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(conninfo, &message) else {
            defer { PQfreemem(message) }
            throw malformed(
                withoutSecrets(message.map { ServerMessage.oneLine(String(cString: $0)) } ?? "out of memory"))
        }
        defer { PQconninfoFree(options) }
        let values = Self.values(options)
        // Else a part of a password would pass for a host's name or a port, and be printed.
        if let host = values["host"], !host.hasPrefix("@"), !host.hasPrefix("/"), host.contains("@") {
            throw malformed("host contains an @, which in the user name or password of a URI is written %40")
        }
        if let ports = values["port"], !ports.split(separator: ",").allSatisfy({ (UInt16($0) ?? 0) > 0 }) {
            throw malformed("port is no number from 1 to 65535")
        }
        if ["dbname", "host", "user"].contains(where: { values[$0]?.contains("://") == true }) {
            throw malformed("there is a URI inside")
        }
        return values
    }

    private static func malformed(_ reason: String) -> PostgresError {
        PostgresError(.misuse, "malformed connection string: \(reason)", operation: "connect")
    }

    /// Only what comes before the first colon or quotation: libpq quotes the string that it could not read.
    private static func withoutSecrets(_ text: String) -> String {
        let kind = ServerMessage.withoutQuotations(text)
        return kind.contains("URI") ? "libpq cannot read it as a URI" : kind
    }

    /// What libpq makes of the string, its service file and the environment together.
    ///
    /// libpq reads a service file only on the way to a server. This attempt ends before any network, at a value that
    /// libpq refuses.
    private static func effective(_ conninfo: String) -> [String: String] {
        let keywords = ["dbname", "channel_binding"].map { (text: String) in strdup(text) }
        let values = [conninfo, "?"].map { (text: String) in strdup(text) }
        defer { for string in keywords + values { free(string) } }
        guard
            let connection = PQconnectStartParams(
                keywords.map { UnsafePointer<CChar>($0) } + [nil], values.map { UnsafePointer<CChar>($0) } + [nil], 1)
        else { return [:] }
        defer { PQfinish(connection) }
        guard let options = PQconninfo(connection) else { return [:] }
        defer { PQconninfoFree(options) }
        return Self.values(options)
    }

    private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }

    /// The hosts of libpq's lists; the whole as one where the lists do not fit, which libpq says then, or name none.
    private static func hosts(_ values: [String: String]) -> [Host] {
        func list(_ keyword: String) -> [String?] {
            guard let text = values[keyword], !text.isEmpty else { return [] }
            return text.split(separator: ",", omittingEmptySubsequences: false).map { $0.isEmpty ? nil : String($0) }
        }
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        let count = max(names.count, addresses.count)
        guard names.isEmpty || addresses.isEmpty || names.count == addresses.count,
            ports.count <= 1 || ports.count == count
        else { return [Host()] }
        let hosts = (0..<count).map { index in
            Host(
                name: names.isEmpty ? nil : names[index], address: addresses.isEmpty ? nil : addresses[index],
                port: ports.isEmpty ? nil : ports.count == 1 ? ports[0] : ports[index] ?? "5432")
        }
        // libpq takes an empty value for none, so that nothing could replace its own list.
        let isWhole = hosts.contains { ($0.name ?? $0.address) == nil || (!addresses.isEmpty && $0.address == nil) }
        return hosts.isEmpty || isWhole ? [Host()] : hosts
    }
}
