/// Connection strings as a person may see them.
public enum ConnectionString {
    private static let secrets: Set<String> = ["password", "sslpassword"]

    /// Keywords and values without the secrets among them, in alphabetical order; nothing for an empty string.
    ///
    /// - Throws: `.misuse` for a malformed string.
    public static func redacted(_ conninfo: String) throws(PostgresError) -> String {
        let values = try ConnectionParameters.parse(conninfo)
        if values.isEmpty { return conninfo }
        return values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(secrets.contains($0.key) ? "***" : $0.value)" }.joined(separator: " ")
    }
}
