import ArgumentParser
import Foundation

/// `hazecast serve`: runs `hazecast-web`, a program of its own, so that the daemon links no web server.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve pages, an API and metrics over HTTP (runs hazecast-web; see --help).")

    @Argument(parsing: .captureForPassthrough, help: "Options of hazecast-web serve.")
    var options: [String] = []

    func run() throws { throw WebProgram.replaceProcess("serve", options) }
}

/// `hazecast metrics`: runs `hazecast-web metrics`.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print metrics in Prometheus' text format (runs hazecast-web; see --help).")

    @Argument(parsing: .captureForPassthrough, help: "Options of hazecast-web metrics.")
    var options: [String] = []

    func run() throws { throw WebProgram.replaceProcess("metrics", options) }
}

private enum WebProgram {
    /// Puts `hazecast-web` in this process's place.
    ///
    /// - Returns: why it could not; else not at all.
    static func replaceProcess(_ command: String, _ options: [String]) -> DaemonError {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let path = own.deletingLastPathComponent().appending(path: "hazecast-web").path(percentEncoded: false)
        let arguments = (["hazecast-web", command] + options).map { strdup($0) } + [nil]
        execv(path, arguments)
        let reason = String(cString: strerror(errno))
        return DaemonError(.file, "cannot run \(path): \(reason); it is installed beside hazecast")
    }
}
