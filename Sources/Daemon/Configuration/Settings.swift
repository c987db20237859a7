import Configuration
import Foundation
import Logging
import Postgres
import SystemPackage
import Yams

/// What can be configured: in a YAML file, in the environment, or by flags, the later winning.
struct Settings: Sendable {
    /// A libpq connection string or URI; empty takes libpq's own environment and service files.
    let database: String
    /// The same without secrets, for a person.
    let redactedDatabase: String
    /// The least severe messages that are logged.
    let logLevel: Logger.Level
    /// How long after a training run the next one is due; nil: only when somebody asks.
    let retrainEvery: Duration?
    /// Bytes of memory that training may use.
    let retrainMemory: Int
    /// Where each setting came from, in the order of `keys`.
    let sources: [String]

    /// Every key, as it stands in the file. The environment has `HAZECAST_` before it, capitals and underscores.
    static let keys = ["database", "log.level", "retrain.every", "retrain.memory"]

    /// The configuration file that is read when there is one and no other was named.
    static let defaultFile = "/etc/hazecast/hazecast.yaml"

    /// - Parameters:
    ///   - file: nil for `defaultFile`, which may be absent.
    ///   - flags: values from the command line by key.
    /// - Throws: `DaemonError` that says what is wrong and where.
    static func load(file: String?, flags: [String: String]) async throws -> Settings {
        var providers: [any ConfigProvider] = [
            InMemoryProvider(
                name: "command line",
                values: Dictionary(uniqueKeysWithValues: flags.map { (Self.key($0), .init(stringLiteral: $1)) })),
            EnvironmentVariablesProvider().prefixKeys(with: "hazecast"),
        ]
        if let file = file ?? (FileManager.default.fileExists(atPath: defaultFile) ? defaultFile : nil) {
            try checkKeys(in: file)
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
            } catch {
                throw DaemonError(.configuration, "configuration file \(file): \(error)")
            }
        }
        let names = ["command line", "environment", "\(file ?? defaultFile)"]
        var sources: [String] = []
        func value(_ key: String, default fallback: String) throws -> String {
            for (provider, name) in zip(providers, names) {
                do {
                    let found = try provider.value(forKey: Self.key(key), type: .string).value
                    guard case .string(let text)? = found?.content else { continue }
                    sources.append(name)
                    return text
                } catch {
                    throw DaemonError(.configuration, "\(key) from \(name) is not a text: \(error)")
                }
            }
            sources.append("default")
            return fallback
        }
        let database = try value("database", default: "")
        let redacted: String
        do {
            redacted = try ConnectionString.redacted(database)
        } catch {
            throw DaemonError(.configuration, "database from \(sources[0]): \(error.message)")
        }
        let level = try value("log.level", default: "info")
        guard let logLevel = Logger.Level(rawValue: level) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw DaemonError(.configuration, "log.level from \(sources[1]) is '\(level)'; it may be \(levels)")
        }
        let every = try value("retrain.every", default: "7 days")
        let memory = try value("retrain.memory", default: "1 GiB")
        let retrainEvery = SettingValue.duration(every)
        guard retrainEvery != nil || every == "off" else {
            throw DaemonError(
                .configuration,
                "retrain.every from \(sources[2]) is '\(every)'; it may be off, or a time such as 12 hours or 7 days")
        }
        guard let retrainMemory = SettingValue.bytes(memory) else {
            throw DaemonError(
                .configuration,
                "retrain.memory from \(sources[3]) is '\(memory)'; it may be a size such as 512 MiB or 2 GiB")
        }
        return Settings(
            database: database, redactedDatabase: redacted, logLevel: logLevel, retrainEvery: retrainEvery,
            retrainMemory: retrainMemory, sources: sources)
    }

    private static func key(_ key: String) -> AbsoluteConfigKey {
        AbsoluteConfigKey(key.split(separator: ".").map(String.init))
    }

    /// A key that nobody reads is a mistake that nobody would notice.
    private static func checkKeys(in file: String) throws {
        let root: Node?
        do {
            root = try Yams.compose(yaml: String(contentsOfFile: file, encoding: .utf8))
        } catch let error as YamlError {
            throw DaemonError(.configuration, "configuration file \(file)\(error.inOneLine)")
        } catch {
            throw DaemonError(
                .configuration, "configuration file \(file) cannot be read: \(error.localizedDescription)")
        }
        func check(_ mapping: Node.Mapping, below prefix: String) throws {
            for (key, value) in mapping {
                let name = prefix + (key.string ?? "?")
                if let inner = value.mapping, keys.contains(where: { $0.hasPrefix(name + ".") }) {
                    try check(inner, below: name + ".")
                } else if !keys.contains(name) {
                    let line = key.mark.map { ", line \($0.line)" } ?? ""
                    throw DaemonError(
                        .configuration,
                        "configuration file \(file)\(line): unknown key '\(name)'; known are "
                            + keys.joined(separator: ", "))
                }
            }
        }
        if let mapping = root?.mapping { try check(mapping, below: "") }
    }
}

extension YamlError {
    /// Where and what, to follow the name of the file; the description shows the line itself, which may hold a password.
    fileprivate var inOneLine: String {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ", line \(mark.line): not YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            ", line \(context.mark.line): the key '\(keys.sorted().joined(separator: "', '"))' comes twice"
        case .reader(let problem, _, _, _): ": not YAML: \(problem)"
        default: ": not YAML: \("\(self)".replacing("\n", with: " "))"
        }
    }
}
