import Foundation
import Glibc
import Postgres
import TestSupport

extension World {
    /// The primary dies while it works. Its standby, which has confirmed every commit, refuses to write until it is promoted.
    ///
    /// - Parameter delay: from the time when the readings are sent.
    func failOver(after delay: Duration) async throws -> @Sendable () async throws -> Void {
        let (primary, standby) = (cluster, try newServer())
        try await copy(primary, to: standby)
        try await standby.start()
        try await isTrue("EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming')")
        try await writer.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try await writer.run("SELECT pg_reload_conf()")
        try await isTrue("EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')")
        // The standby has whatever was committed before this.
        try await writer.run("SELECT pg_current_xact_id()")
        let mark = mark()
        let death = Task {
            try await Task.sleep(for: delay)
            await primary.stop(.kill)
            await turn(to: standby)
            await primary.remove()
        }
        return { [self] in
            try await death.value
            // Not before the daemon, which may be waiting to come back, has met it as it is.
            let deadline = ContinuousClock.now + .seconds(3)
            while ContinuousClock.now < deadline, await !daemonLog(since: mark).contains("SQLSTATE 25006") {
                try await Task.sleep(for: .milliseconds(10))
            }
            let administrator = try await Connection.connect(standby.conninfo(), applicationName: "faults")
            try await administrator.query("SELECT pg_promote()", timeout: .seconds(60))
            await administrator.close()
            try await isTrue("NOT pg_is_in_recovery()")
        }
    }

    func isTrue(_ condition: String) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await writer.text(condition) != "true" {
            if ContinuousClock.now > deadline { throw Failure("for a minute it was not true that \(condition)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// A base backup, which follows the server that it is from when it is started.
    private func copy(_ primary: PrivateCluster, to standby: PrivateCluster) async throws {
        mkdir(standby.directory, 0o700)
        guard let programs = try await writer.text("SELECT setting FROM pg_config WHERE name = 'BINDIR'") else {
            throw Failure("the server does not say where its programs are")
        }
        var command = [
            programs + "/pg_basebackup", "-h", primary.directory, "-p", String(primary.port ?? 5432), "-U", "postgres",
            "-D", standby.directory + "/data", "-R", "-c", "fast", "--no-sync",
        ]
        if geteuid() == 0, let user = getpwnam("postgres") {
            chown(standby.directory, user.pointee.pw_uid, user.pointee.pw_gid)
            command = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + command
        }
        let backup = try await Executable(path: command[0]).run(Array(command.dropFirst()))
        guard backup.status == 0 else { throw Failure("pg_basebackup: \(backup.standardError)") }
    }
}
