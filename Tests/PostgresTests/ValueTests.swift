import Foundation
import Postgres
import TestSupport
import Testing

struct ValueTests {
    private func expectRoundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [Value], on connection: Connection
    ) async throws {
        for value in values {
            let row = try await connection.query("SELECT $1, $2", [value, Value?.none]).single()
            #expect(try row.decode(Value.self, at: 0) == value)
            #expect(try row.decode(Value?.self, at: 0) == value)
            #expect(try row.decode(Value?.self, at: 1) == nil)
        }
    }

    @Test func everyTypeComesBackAsItWasSent() async throws {
        try await withConnection { connection in
            try await expectRoundTrip([true, false], on: connection)
            try await expectRoundTrip([Int16.min, 0, .max], on: connection)
            try await expectRoundTrip([Int32.min, 0, .max], on: connection)
            try await expectRoundTrip([Int64.min, 0, .max], on: connection)
            try await expectRoundTrip([Int.min, 0, .max], on: connection)
            try await expectRoundTrip([Float.infinity, -0.1, .leastNonzeroMagnitude], on: connection)
            try await expectRoundTrip([Double.infinity, -0.1, .leastNonzeroMagnitude], on: connection)
            try await expectRoundTrip(["", "Žluťoučký 🐎", "'; DROP TABLE x; --\\"], on: connection)
            try await expectRoundTrip([[], [0, 255, 0]] as [[UInt8]], on: connection)
            try await expectRoundTrip([JSONText(#"{"a": [1, null]}"#)], on: connection)
            try await expectRoundTrip([TransactionID(0), TransactionID(.max)], on: connection)
            try await expectRoundTrip(
                [.infinity, .negativeInfinity, PostgresTimestamp(secondsSinceEpoch: -1)], on: connection)
        }
    }

    @Test func arraysComeBackAsTheyWereSent() async throws {
        try await withConnection { connection in
            try await expectRoundTrip([[], [true, false]] as [[Bool]], on: connection)
            try await expectRoundTrip([[], [-1, 2]] as [[Int16]], on: connection)
            try await expectRoundTrip([[], [-1, 2]] as [[Int32]], on: connection)
            try await expectRoundTrip([[], [.max, .min]] as [[Int64]], on: connection)
            try await expectRoundTrip([[], [.infinity, 1.5]] as [[Float]], on: connection)
            try await expectRoundTrip([[], [.infinity, 1.5]] as [[Double]], on: connection)
            try await expectRoundTrip([[], ["", "{\",NULL"]] as [[String]], on: connection)
            try await expectRoundTrip([[], [TransactionID(7)]] as [[TransactionID]], on: connection)
            try await expectRoundTrip([[], [.infinity]] as [[PostgresTimestamp]], on: connection)
        }
    }

    @Test func serverAndSwiftMeanTheSameByAValue() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                """
                SELECT $1::timestamptz = '2014-12-31 15:00+00', $2::jsonb -> 'a' = '1', $3::xid8 = '42',
                    $4::real = 'NaN', array_length($5::real[], 1), $6::bytea = '\\x00ff', '2000-01-01 00:00:01+00'::timestamptz
                """,
                [
                    PostgresTimestamp(secondsSinceEpoch: 1_420_038_000), JSONText("{\"a\":1}"), TransactionID(42),
                    Float.nan, [Float](repeating: .nan, count: 24), [0, 255] as [UInt8],
                ]
            ).single()
            for column in 0...3 { #expect(try row.decode(Bool.self, at: column)) }
            #expect(try row.decode(Int32.self, at: 4) == 24)
            #expect(try row.decode(Bool.self, at: 5))
            #expect(try row.decode(PostgresTimestamp.self, at: 6).microsecondsSince2000 == 1_000_000)
            #expect(try row.decode(PostgresTimestamp.self, at: 6).secondsSinceEpoch == 946_684_801)
        }
    }

    @Test func narrowNumbersWidenAndNothingElseIsConverted() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                "SELECT 1::smallint, 2::integer, 3::oid, 1.5::real, 'a'::name, 1::numeric, NULL::integer, 7::bigint AS big"
            ).single()
            #expect(try row.decode(Int64.self, at: 0) == 1)
            #expect(try row.decode(Int.self, at: 1) == 2)
            #expect(try row.decode(Int64.self, at: 2) == 3)
            #expect(try row.decode(Double.self, at: 3) == 1.5)
            #expect(try row.decode(String.self, at: 4) == "a")
            #expect(try row.decode(Int.self, "big") == 7)
            for wrong in [
                try await failure { try row.decode(Int32.self, at: 7) },
                try await failure { try row.decode(Float.self, at: 5) },
                try await failure { try row.decode(Int32.self, at: 6) },
                try await failure { try row.decode(String.self, at: 1) },
                try await failure { try row.decode([Int32].self, at: 1) },
                try await failure { try row.decode(Int32.self, at: 8) },
                try await failure { try row.decode(Int32.self, at: -1) },
                try await failure { try row.decode(Int32.self, "absent") },
            ] {
                #expect(wrong.code == .decoding)
                #expect(wrong.recovery == .stop)
            }
            #expect(
                try await failure { try row.decode(Int32.self, "big") }.message
                    == "column \"big\" is bigint, not Int32")
        }
    }

    @Test func arraysThatSwiftCannotHoldAreErrors() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                "SELECT ARRAY[1, NULL], ARRAY[[1, 2], [3, 4]], '[5:6]={1,2}'::integer[]"
            ).single()
            #expect(try await failure { try row.decode([Int32].self, at: 0) }.code == .decoding)
            #expect(try await failure { try row.decode([Int32].self, at: 1) }.code == .decoding)
            #expect(try row.decode([Int32].self, at: 2) == [1, 2])
        }
    }

    @Test func damagedArraysAreRefused() throws {
        var random = SeededGenerator()
        var bytes: [UInt8] = []
        [Int32](0..<8).encode(into: &bytes)
        for _ in 0..<20_000 {
            var damaged = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            for _ in 0..<Int.random(in: 0...4, using: &random) where !damaged.isEmpty {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            damaged.withUnsafeBytes { buffer in
                let array = [Int32](postgres: buffer, type: [Int32].postgresType)
                #expect(array.map(\.count) ?? 0 <= 8)
            }
        }
    }

    @Test func fieldsOfLoopsAreReadByTheirType() async throws {
        try await withConnection { connection in
            let rows = try await connection.query(
                "SELECT 1::integer, 2.5::real, 3::bigint, NULL::real, 4::smallint FROM generate_series(1, 3)")
            #expect(rows.count == 3)
            #expect(rows.int32(2, 0) == 1 && rows.float(0, 1) == 2.5 && rows.int64(1, 2) == 3 && rows.int16(0, 4) == 4)
            #expect(rows.isNull(0, 3) && !rows.isNull(0, 0))
            #expect(rows.float(0, 3).isNaN)
        }
    }

    /// They are mistakes in our own SQL, of which 0 or NaN would say nothing.
    @Test(arguments: ["int32 of a bigint", "no such column", "no such row", "float of an integer"])
    func fieldsThatAreNotThereStopTheProgram(mistake: String) async throws {
        let conninfo = try await TestServer.shared().conninfo()
        await #expect(processExitsWith: .failure) { [conninfo = conninfo as String, mistake = mistake as String] in
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            let rows = try await connection.query("SELECT 1::integer, 3::bigint")
            switch mistake {
            case "int32 of a bigint": _ = rows.int32(0, 1)
            case "no such column": _ = rows.int32(0, 2)
            case "no such row": _ = rows.int32(1, 0)
            default: _ = rows.float(0, 0)
            }
            exit(0)
        }
    }

    @Test func timestampsBeyondTheCalendarAreInfinite() {
        #expect(PostgresTimestamp(secondsSinceEpoch: .max) == .infinity)
        #expect(PostgresTimestamp(secondsSinceEpoch: .min) == .negativeInfinity)
        #expect(PostgresTimestamp.infinity.secondsSinceEpoch == nil)
        #expect(PostgresTimestamp(microsecondsSince2000: -1).secondsSinceEpoch == 946_684_799)
    }
}
