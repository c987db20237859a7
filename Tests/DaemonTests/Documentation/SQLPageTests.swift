import Foundation
import Postgres
import TestSupport
import Testing

/// `docs/sql.md` says what is so.
struct SQLPageTests {
    private static let reader = "SET SESSION AUTHORIZATION hazecast_reader;"

    private func withReplay(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await TestDatabase.withDatabase(ReplayedMonth.template) { conninfo in
            try await withDeadline(.seconds(60)) {
                let owner = try await Connection.connect(conninfo, applicationName: "owner")
                try await body(MigratedDatabase(conninfo: conninfo, owner: owner))
                await owner.close()
            }
        }
    }

    @Test func tenQuestionsAreAnswered() throws {
        let questions = try SQLPage().examples.filter { $0.chapter == "Ten questions" }.map(\.section)
        #expect(Set(questions).count == 10)
    }

    /// Columns and numbers of rows, as a reader gets them; `HAZECAST_UPDATE_GOLDEN=1` writes the answers anew instead.
    @Test(.enabled(if: ReplayedMonth.isAvailable)) func answersHaveTheShapeThatIsShown() async throws {
        try await withReplay { database in
            var page = try SQLPage()
            var answers: [(example: SQLPage.Example, answer: [String])] = []
            for example in page.examples {
                let output = try await database.program(
                    "psql", ["--no-psqlrc", "--quiet"], input: "\(Self.reader) \(example.sql)")
                let lines = output.split(separator: "\n").map { line in
                    String(line.reversed().drop { $0 == " " }.reversed())
                }
                answers.append((example, lines))
            }
            if ProcessInfo.processInfo.environment["HAZECAST_UPDATE_GOLDEN"] == "1" {
                page.answer(answers)
                try page.lines.joined(separator: "\n").write(to: SQLPage.file, atomically: true, encoding: .utf8)
            }
            for (example, answer) in answers {
                func columns(_ answer: [String]) -> [String] {
                    (answer.first ?? "").split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                }
                #expect(
                    columns(answer) == columns(example.answer),
                    "\(example.section): renew with HAZECAST_UPDATE_GOLDEN=1")
                #expect(answer.last == example.answer.last && answer.count > 3, "\(example.section)")
            }
        }
    }

    /// With 100 stations more, which is what makes an index worth while.
    @Test(.enabled(if: ReplayedMonth.isAvailable)) func noQuestionReadsALedgerPartitionAsAWhole() async throws {
        try await withReplay { database in
            try await database.run(
                """
                SET session_replication_role = replica;
                INSERT INTO hazecast.station (name) SELECT 'other ' || i FROM generate_series(1, 100) AS i;
                CREATE TEMPORARY TABLE hour AS
                SELECT station.id, date_trunc('hour', now()) - back * interval '1 hour' AS hour
                FROM generate_series(0, 800) AS back, hazecast.station WHERE station.name LIKE 'other %';
                INSERT INTO hazecast.reading (station_id, observed_at, pm25) SELECT id, hour, 30 FROM hour;
                INSERT INTO hazecast.forecast_ledger (station_id, origin, revision, issued_at, model_id, pm25, digest)
                SELECT id, hour, 1, hour, 1, array_fill(30::real, ARRAY[24]), 0 FROM hour;
                RESET session_replication_role;
                ANALYZE;
                """)
            for example in try SQLPage().examples {
                let asking = try await database.connect()
                try await asking.run(script: "BEGIN")
                let plan = try await asking.query("EXPLAIN \(example.sql)").map { try $0.decode(String.self, at: 0) }
                #expect(plan.allSatisfy { !$0.contains("Seq Scan on forecast_ledger") }, "\(example.section)")
                // What functions do the plan does not say.
                _ = try await asking.query(example.sql)
                let scanned = try await asking.query(
                    """
                    SELECT relname::text FROM pg_stat_xact_all_tables
                    WHERE schemaname = 'hazecast' AND relname LIKE 'forecast\\_ledger%' AND seq_scan > 0
                    """
                ).map { try $0.decode(String.self, at: 0) }
                #expect(scanned == [], "\(example.section)")
                await asking.close()
            }
        }
    }

    @Test func everyObjectAndColumnIsOnThePage() async throws {
        try await MigratedDatabase.with { database in
            let names = try await database.column(
                """
                SELECT relname::text FROM pg_class
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
                UNION
                SELECT attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v', 'c') AND NOT relispartition
                    AND relname <> 'arrival' AND attnum > 0 AND NOT attisdropped
                UNION
                SELECT proname::text FROM pg_proc, aclexplode(proacl)
                WHERE pronamespace = 'hazecast'::regnamespace AND grantee IN ('hazecast_reader'::regrole,
                    'hazecast_writer'::regrole, 'hazecast_operator'::regrole) AND proname <> 'station_named'
                UNION
                SELECT unnest(proargnames[array_position(proargmodes, 't'):]) FROM pg_proc
                WHERE pronamespace = 'hazecast'::regnamespace AND 't' = ANY(proargmodes)
                """)
            let page = try SQLPage().lines.joined(separator: "\n")
            for name in names {
                let pattern = try Regex("`\(name)\\b")
                #expect(page.contains(pattern), "docs/sql.md does not name \(name)")
            }
        }
    }
}
