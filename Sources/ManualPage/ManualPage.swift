import Foundation

/// Writes the manual page: `hazecast --experimental-dump-help | ManualPage BEGINNING END > hazecast.1`.
///
/// What the commands and their options are comes from the program itself; the two files hold what it cannot say.
@main
struct ManualPage {
    /// What ArgumentParser says of a program.
    struct Help: Decodable {
        let command: Command
    }

    struct Command: Decodable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let subcommands: [Command]?
        let arguments: [Argument]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let abstract: String?
        let defaultValue: String?
    }

    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            FileHandle.standardError.write(Data("usage: ManualPage BEGINNING END <HELP.json >PAGE\n".utf8))
            exit(64)
        }
        let help = try JSONDecoder().decode(Help.self, from: FileHandle.standardInput.readDataToEndOfFile())
        print(try String(contentsOfFile: CommandLine.arguments[1], encoding: .utf8), terminator: "")
        print(".SH COMMANDS")
        for command in help.command.subcommands ?? [] where command.commandName != "help" { section(command) }
        print(try String(contentsOfFile: CommandLine.arguments[2], encoding: .utf8), terminator: "")
    }

    private static func section(_ command: Command) {
        print(".SS hazecast \(roff(command.commandName))")
        if let abstract = command.abstract { print(roff(abstract)) }
        if let discussion = command.discussion { print(".PP\n\(roff(discussion))") }
        for argument in command.arguments ?? [] where argument.shouldDisplay {
            // Every command has these two.
            if argument.names?.contains(where: { ["help", "version"].contains($0.name) }) == true { continue }
            print(".TP\n\(synopsis(argument))")
            var text = argument.abstract ?? ""
            if let value = argument.defaultValue { text += " Default: \(value)." }
            print(roff(text.trimmingCharacters(in: .whitespaces)))
        }
    }

    private static func synopsis(_ argument: Argument) -> String {
        let names = (argument.names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }.sorted().reversed()
        let value = "\\fI\(roff(argument.valueName ?? ""))\\fR" + (argument.isRepeating ? " ..." : "")
        switch argument.kind {
        case "positional": return value
        case "option": return "\\fB\(names.map(roff).joined(separator: "\\fR, \\fB"))\\fR \(value)"
        default: return "\\fB\(names.map(roff).joined(separator: "\\fR, \\fB"))\\fR"
        }
    }

    /// Text that stands for itself in roff.
    private static func roff(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("`", with: "\\(ga")
            .split(separator: "\n").map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&\($0)" : String($0) }
            .joined(separator: "\n")
    }
}
