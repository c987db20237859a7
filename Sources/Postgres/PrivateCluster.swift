import FoundationEssentials
import Glibc

/// A PostgreSQL server of one's own, in a directory of its own, for demonstrations and tests.
///
/// It listens on a Unix socket in that directory, which only its owner can enter, and on 127.0.0.1 only if a port is asked
/// for; there a password is needed. Run as root, the server becomes the system's user `postgres`, because it refuses to be
/// root. It never outlives its owner: it is a child of this process, on whose end, and on that of the actor, the kernel
/// stops it.
///
/// The actor has a thread of its own, which waits for the child: the kernel counts the death of the thread that started it
/// as the death of its parent.
public actor PrivateCluster {
    /// How the server is stopped.
    public enum StopMode: Sendable {
        /// Connections are ended and everything is written out.
        case fast
        /// Connections are cut; the next start recovers.
        case immediate
        /// As by `kill -9`.
        case kill
    }

    /// The directory that holds data, socket and log.
    public nonisolated let directory: String
    /// The TCP port on 127.0.0.1; nil when there is none.
    public nonisolated let port: Int?
    /// The process of the server while it runs.
    public private(set) var processID: Int32?

    private nonisolated let executor: ThreadExecutor
    private let settings: [String: String]
    private let binaries: ServerBinaries
    private var server: ChildProcess?

    /// All work happens on a thread of its own.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A server that does not run yet.
    ///
    /// - Parameters:
    ///   - directory: an absolute path, short enough for a socket (90 bytes), of nothing, an empty directory, or one that an
    ///     earlier private cluster has left.
    ///   - port: listens on 127.0.0.1 as well.
    ///   - settings: `postgresql.conf` settings.
    /// - Throws: `.misuse` when no server is installed or the path is too long.
    public init(directory: String, port: Int? = nil, settings: [String: String] = [:]) throws(PostgresError) {
        guard directory.hasPrefix("/"), directory.utf8.count <= 90 else {
            throw Self.failure("the path must be absolute and of at most 90 bytes: \(directory)")
        }
        self.directory = directory
        self.port = port
        self.settings = settings
        binaries = try ServerBinaries()
        executor = try ThreadExecutor(name: "pg cluster", wakeup: Wakeup())
    }

    deinit { server?.signal(SIGQUIT) }

    /// A connection string for one of its databases, as its superuser.
    public nonisolated func conninfo(database: String = "postgres") -> String {
        func quoted(_ value: String) -> String {
            "'" + value.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
        }
        return "host=\(quoted(directory)) port=\(port ?? 5432) user=postgres dbname=\(quoted(database))"
    }

    /// Starts the server, after `initdb` where there is no data yet; it accepts connections when this returns.
    ///
    /// - Parameter environment: of the server's processes, beside the little that they get anyway.
    /// - Throws: `.misuse` with the last line of the log when it does not start.
    public func start(
        environment: [String: String] = [:], timeout: Duration = .seconds(60)
    ) throws(PostgresError) {
        guard server == nil else { return }
        try prepareDirectory()
        if access(data + "/PG_VERSION", F_OK) != 0 { try initialise(timeout: timeout) }
        var arguments = [binaries.directory + "/postgres", "-D", data]
        var all = settings
        all["listen_addresses"] = port == nil ? "" : "127.0.0.1"
        all["port"] = String(port ?? 5432)
        all["unix_socket_directories"] = directory
        for (name, value) in all.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let server = try spawn(arguments, environment: environment)
        let deadline = ContinuousClock.now + timeout
        while !isReady(server) {
            guard !server.ended(within: .milliseconds(5)).0 else { throw Self.failure(lastLogLine()) }
            guard ContinuousClock.now < deadline else {
                server.signal(SIGKILL)
                throw Self.failure("the server did not start within \(timeout)")
            }
        }
        self.server = server
        processID = server.id
    }

    /// Stops the server and waits until it and its processes are gone; without effect when it does not run.
    public func stop(_ mode: StopMode = .fast) {
        guard let server else { return }
        let children = server.children
        switch mode {
        case .fast: server.signal(SIGINT)
        case .immediate: server.signal(SIGQUIT)
        case .kill: server.signal(SIGKILL)
        }
        if !server.ended(within: .seconds(30)).0 {
            server.signal(SIGKILL)
            _ = server.ended(within: .seconds(30))
        }
        // Orphans see the death of the postmaster and leave on their own, but the next start would trip over them.
        let deadline = ContinuousClock.now + .seconds(10)
        while children.contains(where: { kill($0, 0) == 0 }), ContinuousClock.now < deadline { usleep(2_000) }
        self.server = nil
        processID = nil
    }

    /// Whether the server that was started still runs.
    public func isAlive() -> Bool { server.map { !$0.ended(within: .zero).0 } ?? false }

    /// Stops and starts again on the same data.
    ///
    /// - Throws: as `start`.
    public func restart(_ mode: StopMode = .fast) throws(PostgresError) {
        stop(mode)
        try start()
    }

    /// Stops the server and deletes its directory.
    public func remove() {
        stop(.immediate)
        try? FileManager.default.removeItem(atPath: directory)
    }

    // MARK: Private

    private var data: String { directory + "/data" }
    private var log: String { directory + "/log" }

    private static func failure(_ message: String) -> PostgresError {
        PostgresError(.misuse, message, operation: "start a private PostgreSQL")
    }

    /// Makes the directory, closed to all but its owner, whose files are no one else's.
    private func prepareDirectory() throws(PostgresError) {
        mkdir(directory, 0o700)
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw Self.failure("cannot make the directory \(directory)")
        }
        guard entries.isEmpty || entries.contains("data") else {
            throw Self.failure("\(directory) is not empty and not from a private cluster")
        }
        guard chmod(directory, 0o700) == 0 else { throw Self.failure("\(directory) belongs to somebody else") }
        guard geteuid() == 0 else { return }
        guard let user = getpwnam("postgres") else {
            throw Self.failure("there is no system user postgres, and a server cannot run as root")
        }
        chown(directory, user.pointee.pw_uid, user.pointee.pw_gid)
    }

    private func initialise(timeout: Duration) throws(PostgresError) {
        let initdb = try spawn([
            binaries.directory + "/initdb", "-D", data, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions",
        ])
        let (isDone, status) = initdb.ended(within: timeout)
        if !isDone { initdb.signal(SIGKILL) }
        guard isDone, status == 0 else { throw Self.failure("initdb failed: \(lastLogLine())") }
    }

    /// Starts a program as the server's user, to be stopped by the kernel when we die.
    private func spawn(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws(PostgresError) -> ChildProcess {
        // PostgreSQL's programs fail in a working directory that their user cannot enter.
        var command = ["/usr/bin/env", "-C", directory]
        if let setpriv = ServerBinaries.program("setpriv") {
            let user = ["--reuid=postgres", "--regid=postgres", "--init-groups"]
            command += [setpriv] + (geteuid() == 0 ? user : []) + ["--pdeathsig=QUIT", "--"]
        } else if geteuid() == 0 {
            throw Self.failure("to become the user postgres there must be setpriv (Debian package util-linux)")
        }
        let variables = environment.map { "\($0.key)=\($0.value)" }
        return try ChildProcess(command + ["/usr/bin/env"] + variables + arguments, log: log)
    }

    /// The server writes its process and its state into a file.
    private func isReady(_ server: ChildProcess) -> Bool {
        let contents = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
        let lines = (contents ?? "").split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 7 && lines[0] == String(server.id) && lines[7].hasPrefix("ready")
    }

    private func lastLogLine() -> String {
        let contents = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        let lines = contents.split(separator: "\n")
        let fatal = lines.last { $0.contains("FATAL:") || $0.contains("error:") }
        return String(fatal ?? lines.last ?? "no message in \(log)")
    }
}
