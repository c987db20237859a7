/// Connection strings as a person may see them.
public enum ConnectionString {
    /// Keywords whose values are no secrets. Any other may hold one, now or in a later libpq.
    private static let shown: Set<String> = [
        "connect_timeout", "dbname", "host", "hostaddr", "port", "service", "sslmode", "target_session_attrs", "user",
    ]

    /// Keywords and values without the secrets among them, in alphabetical order; nothing for an empty string.
    ///
    /// - Throws: `.misuse` for a malformed string.
    public static func redacted(_ conninfo: String) throws(PostgresError) -> String {
        let values = try ConnectionParameters.parse(conninfo)
        if values.isEmpty { return conninfo }
        return values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(shown.contains($0.key) ? $0.value : "***")" }.joined(separator: " ")
    }
}
