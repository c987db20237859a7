/// What went wrong in the daemon or one of its commands, in one line for the person who runs it.
struct DaemonError: Error, CustomStringConvertible, Sendable {
    /// What happened.
    enum Code: Sendable {
        /// The configuration, a flag or an argument cannot be used.
        case configuration
        /// The schema is missing or newer than this binary.
        case schema
        /// The schema is older than this binary, until somebody migrates it.
        case oldSchema
        /// A transaction pooler stands between us and the database.
        case pooler
        /// Nothing serves.
        case noModel
        /// A model that serves cannot be read by this binary.
        case unreadableModel
        /// The advisory lock is no longer ours, so the transaction is not either.
        case lostLock
        /// Another database was configured while this one was served.
        case reconfigured
        /// The daemon did not answer another command.
        case noAnswer
        /// A training run cannot begin.
        case training
        /// A file cannot be read or written, or holds something else.
        case file
    }

    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
