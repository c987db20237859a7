import ArgumentParser
import CLinux

/// The `hazecast` command.
@main
struct Hazecast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hazecast",
        abstract: "PM2.5 forecasts beside the readings in your own PostgreSQL.",
        version: version,
        subcommands: [
            RunCommand.self, MigrateCommand.self, ImportCommand.self, SimulateCommand.self, TrainCommand.self,
            BacktestCommand.self, StatusCommand.self, DoctorCommand.self, ReloadCommand.self, DemoCommand.self,
            TrainerCommand.self,
        ]
    )

    static func main() async {
        // Every command may have a password in memory, and readings.
        _ = forbid_core_files()
        await main(nil)
    }

    /// The version of this binary, as `--version`, `hazecast.daemon` and the package say it.
    static let version = "0.1.0"
}
