import Postgres

/// One daemon works a database at a time: whoever holds this session advisory lock.
///
/// The lock belongs to the connection that claims and commits, so a daemon that loses it has lost its transaction too.
enum Leadership {
    /// The key of `pg_advisory_lock`: "Hazecast" in ASCII.
    static let key: Int64 = 0x4861_7A65_6361_7374

    /// Tries once. A daemon that waited inside `pg_advisory_lock` would hold back VACUUM.
    static func tryToTake(on connection: Connection) async throws(PostgresError) -> Bool {
        try await connection.query("SELECT pg_try_advisory_lock($1)", [key]).single().decode(Bool.self, at: 0)
    }

    /// A scalar subquery: whether a session, by default the one that runs it, still holds the lock. A session's locks are
    /// of its own database.
    ///
    /// - Parameter process: the server's, as SQL.
    static func isHeldSQL(by process: String = "pg_backend_pid()") -> String {
        """
        (SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = \(process) AND granted
            AND classid = \(UInt32(key >> 32)) AND objid = \(UInt32(key & 0xFFFF_FFFF)) AND objsubid = 1))
        """
    }
}
