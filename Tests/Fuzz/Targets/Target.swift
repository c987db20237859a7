import Daemon
import Dispatch
import Forecast
import Foundation
import Glibc
import Ingest
import Postgres
import Synchronization

/// Something that parses bytes from outside.
///
/// Each has a folder of inputs, `Tests/Fuzz/Corpus/NAME`: examples, and what has once gone wrong.
public struct Target: Sendable {
    /// The name, also of its folder of inputs.
    public let name: String
    /// Reads an input.
    ///
    /// - Returns: whether it was accepted.
    /// - Throws: what is wrong with the program, not with the input.
    public let parse: @Sendable ([UInt8]) throws -> Bool

    /// All of them.
    public static let all = [
        model, csv, columns, formats, beijing, multisite, configuration, connectionString, row, attach,
    ]

    private static let model = Target(name: "model") { (try? Model(json: Data($0))) != nil }

    /// Columns under our own names.
    private static let csv = Target(name: "csv") { input in
        var layout = NamedFormat.csv.layout
        layout.timeZone = "UTC"
        return readAll(input[...], layout)
    }

    /// The first line is what a user says of a file: options of `import` between tabs.
    private static let columns = Target(name: "columns") { input in
        let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        let words = lines[0].split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard let layout = ColumnOptions.layout(words, changing: NamedFormat.csv.layout) else { return false }
        return readAll(lines.dropFirst().first ?? [], layout)
    }

    /// A file in whichever format it seems to be in.
    private static let formats = Target(name: "formats") { input in
        withFile(input[...]) { path in
            guard let guess = try? FormatGuess.of(path) else { return false }
            return read(path, guess.format.layout)
        }
    }

    private static let beijing = Target(name: "uci-beijing") {
        readAll($0[...], NamedFormat.named("uci-beijing")?.layout)
    }

    private static let multisite = Target(name: "uci-multisite") {
        readAll($0[...], NamedFormat.named("uci-multisite")?.layout)
    }

    private static let configuration = Target(name: "configuration") { input in
        withFile(input[...]) { path in
            (try? wait { try await Settings.load(file: path, flags: [:]) }) != nil
        }
    }

    private static let attach = Target(name: "attach") { input in
        try wait { try await AttachTarget.parse(input) }
    }

    private static let connectionString = Target(name: "connection-string") { input in
        (try? ConnectionString.redacted(String(decoding: input, as: UTF8.self))) != nil
    }

    /// One field as the server might send it, read as every type that we read.
    private static let row = Target(name: "row") { input in
        input.withUnsafeBytes { bytes in
            var accepted = false
            func read<Value: PostgresElement>(_: Value.Type) {
                if Value(postgres: bytes, type: Value.postgresType) != nil { accepted = true }
                if [Value](postgres: bytes, type: Value.postgresArrayType) != nil { accepted = true }
            }
            read(Int16.self)
            read(Int32.self)
            read(Int64.self)
            read(Float.self)
            read(Double.self)
            read(Bool.self)
            read(String.self)
            read(JSONText.self)
            read(UInt8.self)
            read(PostgresTimestamp.self)
            read(TransactionID.self)
            return accepted
        }
    }

    /// A file of readings, to its end.
    private static func readAll(_ input: ArraySlice<UInt8>, _ layout: FileLayout?) -> Bool {
        withFile(input) { read($0, layout ?? FileLayout()) }
    }

    private static func read(_ path: String, _ layout: FileLayout) -> Bool {
        do throws(SourceError) {
            var readings = try ReadingFile(path, layout: layout, station: "fuzz").read()
            while try readings.popFirst() != nil {}
            return true
        } catch {
            return false
        }
    }

    /// A file that holds the input, in memory; it is there while `body` runs.
    private static func withFile(_ input: ArraySlice<UInt8>, _ body: (_ path: String) -> Bool) -> Bool {
        let path = "/dev/shm/hazecast-fuzz-\(getpid())"
        defer { unlink(path) }
        guard (try? Data(input).write(to: URL(filePath: path))) != nil else { return false }
        return body(path)
    }

    /// Lets the calling thread wait for what is asynchronous: libFuzzer knows nothing of tasks.
    private static func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Value, any Error>?>(nil)
        Task.detached {
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            result.withLock { $0 = outcome }
            done.signal()
        }
        done.wait()
        guard let outcome = result.withLock({ $0 }) else { preconditionFailure("signalled without an outcome") }
        return try outcome.get()
    }
}
