import CLinux
import Glibc

/// A program that runs as a child of this process, all of its output in a file.
///
/// It gets a process group of its own, so that a Ctrl-C meant for us does not reach it, and none of our descriptors.
struct ChildProcess {
    let id: pid_t

    /// - Parameter log: gets standard output and standard error, appended.
    init(_ arguments: [String], log: String) throws(PostgresError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        close_from(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let variables = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"]
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for string in argv + environment { free(string) } }
        var id = pid_t()
        let status = posix_spawn(&id, arguments[0], &actions, &attributes, &argv, &environment)
        guard status == 0 else {
            throw PostgresError(
                .misuse, "\(arguments[0]): \(String(cString: strerror(status)))",
                operation: "start a private PostgreSQL")
        }
        self.id = id
    }

    /// Waits for its end.
    ///
    /// - Returns: whether it has ended; its status, 0 for success, is what `waitpid` says.
    func ended(within timeout: Duration) -> (Bool, status: Int32) {
        let deadline = ContinuousClock.now + timeout
        while true {
            var status: Int32 = 0
            let result = waitpid(id, &status, WNOHANG)
            if result == id || (result < 0 && errno == ECHILD) { return (true, status) }
            guard ContinuousClock.now < deadline else { return (false, 0) }
            usleep(2_000)
        }
    }

    func signal(_ signal: Int32) { kill(id, signal) }

    /// Its children at this moment.
    var children: [pid_t] {
        guard let file = fopen("/proc/\(id)/task/\(id)/children", "re") else { return [] }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 65536)
        let count = fread(&text, 1, text.count, file)
        return String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
    }
}
