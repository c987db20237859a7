import Forecast
import Foundation
import Ingest
import Postgres

/// Something that parses bytes from outside.
struct Target: Sendable {
    let name: String
    let corpus: [[UInt8]]
    /// Whether the input was accepted.
    let parse: @Sendable ([UInt8]) -> Bool

    static let all = [model, csv, beijing, connectionString, row]

    private static func text(_ lines: String...) -> [UInt8] { Array(lines.joined(separator: "\n").utf8) }

    /// The models that come with the program, the small one whole and the large one's structure.
    private static let model = Target(
        name: "model",
        corpus: ["models/chapter.json"].compactMap { try? Array(Data(contentsOf: URL(filePath: $0))) } + [
            text("{\"format_version\": 1, \"name\": \"a\", \"preset\": \"chapter\", \"architecture\": {}}")
        ]
    ) { (try? Model(json: Data($0))) != nil }

    private static let csv = Target(
        name: "csv",
        corpus: [
            text("station,observed_at,pm25", "a,2026-01-05T07:00Z,1", "b,2026-01-05T08:00+05:30,NA"),
            text(
                "observed_at,pm25,dew_point,temperature,pressure,wind_direction,wind_speed,station",
                "\"2026-01-05 07:00:00\",1.5,-3,4,1010,NNW,2,\"a \"\"b\"\"\"", "2026-01-05 08:00,,,,,calm,0,x"),
        ]
    ) { input in
        guard let names = try? NamedColumns(station: nil, clock: .utc, names: [:]) else { return false }
        return readAll(input, format: .csv(names))
    }

    private static let beijing = Target(
        name: "uci-beijing",
        corpus: [
            text(
                "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir",
                "1,2010,1,1,0,NA,-21,-11,1021,NW,1.79,0,0",
                "2,2010,1,1,1,129,-21,-12,1020,cv,4.92,0,0")
        ]
    ) { readAll($0, format: .uciBeijing(station: "Beijing")) }

    private static let connectionString = Target(
        name: "connection-string",
        corpus: [
            text("host=a port=5432 dbname='a b' password='it\\'s'"),
            text("postgresql://user:p%40ss@host:5432,other/db?sslmode=verify-full&application_name=x"),
        ]
    ) { (try? ConnectionString.redacted(String(decoding: $0, as: UTF8.self))) != nil }

    /// One field as the server might send it, read as every type that we read.
    private static let row = Target(
        name: "row",
        corpus: [
            [0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 7], Array("text".utf8), [1] + Array("{\"a\": 1}".utf8),
            [
                0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0,
                0, 6,
            ],
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 188, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 63, 128, 0, 0],
        ]
    ) { input in
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
    private static func readAll(_ input: [UInt8], format: SourceFormat) -> Bool {
        let path = "/dev/shm/hazecast-fuzz-\(getpid())"
        defer { unlink(path) }
        guard (try? Data(input).write(to: URL(filePath: path))) != nil,
            var file = try? ReadingFile(path, format: format)
        else { return false }
        do {
            while try file.next() != nil {}
            return true
        } catch {
            return false
        }
    }
}
