import FoundationEssentials
import Glibc

/// The programs of an installed PostgreSQL server.
struct ServerBinaries: Sendable {
    /// The folder of `initdb` and `postgres`.
    let directory: String

    /// Looks in `PATH`, where `pg_config` says, and where Debian has them, the newest version first.
    ///
    /// - Throws: `.misuse` when there is none.
    init() throws(PostgresError) {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        let folders = path.split(separator: ":").map(String.init)
        guard
            let directory = (folders + Self.configured(folders) + Self.packaged()).first(where: {
                Self.isProgram($0 + "/initdb") && Self.isProgram($0 + "/postgres")
            })
        else {
            throw PostgresError(
                .misuse, "no PostgreSQL server is installed (looked for initdb and postgres); apt install postgresql",
                operation: "start a private PostgreSQL")
        }
        self.directory = directory
    }

    /// The full path of a program in `PATH`.
    static func program(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/bin", "/bin"])
            .map { $0 + "/" + name }.first(where: isProgram)
    }

    private static func isProgram(_ path: String) -> Bool { access(path, X_OK) == 0 }

    private static func configured(_ folders: [String]) -> [String] {
        guard folders.contains(where: { isProgram($0 + "/pg_config") }), let pipe = popen("pg_config --bindir", "re")
        else { return [] }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 4096)
        guard fgets(&line, Int32(line.count), pipe) != nil else { return [] }
        let text = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return [text]
    }

    private static func packaged() -> [String] {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        return versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "/usr/lib/postgresql/\($0)/bin" }
    }
}
