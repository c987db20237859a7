import Postgres
import TestSupport
import Testing

/// Training runs, promotion and rollback as SQL has them.
struct SchemaTrainingTests {
    private static let models = """
        INSERT INTO hazecast.station (name) VALUES ('a'), ('b');
        INSERT INTO hazecast.model (name, document)
        SELECT 'm' || n, (SELECT document FROM hazecast.model WHERE name = 'chapter')
            || jsonb_build_object('name', 'm' || n, 'sha256', repeat(n::text, 64))
        FROM generate_series(1, 4) AS n;
        SELECT hazecast.promote('m1')
        """

    private func with(_ body: @escaping @Sendable (MigratedDatabase) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            try await database.run(Self.models)
            try await body(database)
        }
    }

    /// What serves: `station model`, the default as `-`.
    private static let serving = """
        SELECT concat_ws(' ', coalesce(s.name, '-'), m.name) AS line FROM hazecast.active_model AS a
        LEFT JOIN hazecast.station AS s ON s.id = a.station_id JOIN hazecast.model AS m ON m.id = a.model_id ORDER BY line
        """

    @Test func promoteAndRollBackTheDefault() async throws {
        try await with { database in
            for model in ["m2", "m3"] { try await database.run("SELECT hazecast.promote('\(model)')") }
            #expect(try await database.column(Self.serving) == ["- m3"])
            // Backwards one by one, not to and fro.
            #expect(
                try await database.value("SELECT hazecast.rollback()", as: String.self)
                    == "m2 serves every station without a model of its own")
            try await database.run("SELECT hazecast.rollback()")
            #expect(try await database.column(Self.serving) == ["- m1"])
            try await database.run("SELECT hazecast.rollback()")
            #expect(try await database.column(Self.serving).count == 1)
            #expect(try await sqlState(of: "SELECT hazecast.rollback()", on: database.owner) == "P0002")
            // After a rollback, a promotion is what the next rollback takes back.
            try await database.run(
                "SELECT hazecast.promote('m4'); SELECT hazecast.promote('m2'); SELECT hazecast.rollback()")
            #expect(try await database.column(Self.serving) == ["- m4"])
        }
    }

    @Test func promoteAndRollBackAStation() async throws {
        try await with { database in
            #expect(try await database.value("SELECT hazecast.promote('m2', 'a')", as: String.self) == "m2 serves a")
            try await database.run("SELECT hazecast.promote('m3', 'a'); SELECT hazecast.promote('m4', 'b')")
            #expect(try await database.column(Self.serving) == ["- m1", "a m3", "b m4"])
            try await database.run("SELECT hazecast.rollback('a')")
            #expect(try await database.column(Self.serving) == ["- m1", "a m2", "b m4"])
            #expect(
                try await database.value("SELECT hazecast.rollback('a')", as: String.self)
                    == "the default model serves a")
            #expect(try await database.column(Self.serving) == ["- m1", "b m4"])
            #expect(try await sqlState(of: "SELECT hazecast.rollback('a')", on: database.owner) == "P0002")
            try await database.run("SELECT hazecast.promote('m4', 'a')")
            #expect(try await database.column(Self.serving) == ["- m1", "a m4", "b m4"])
        }
    }

    @Test func everyChangeIsRecordedWhoeverMadeIt() async throws {
        try await with { database in
            try await database.run(
                """
                DELETE FROM hazecast.activation; CREATE ROLE hazecast_test_boss LOGIN IN ROLE hazecast_operator;
                INSERT INTO hazecast.active_model (station_id, model_id) SELECT 1, id FROM hazecast.model WHERE name = 'm2';
                UPDATE hazecast.active_model SET since = now();
                """)
            let boss = try await database.connect(as: "hazecast_test_boss")
            try await boss.run(script: "SELECT hazecast.promote('m3', 'a'); SELECT hazecast.rollback('a')")
            await boss.close()
            try await database.run("DELETE FROM hazecast.active_model WHERE station_id = 1")
            let recorded = try await database.column(
                """
                SELECT concat_ws(' ', coalesce(m.name, '-'), coalesce(p.name, '-'), coalesce(a.reason, '-'),
                    by_whom = 'hazecast_test_boss', activated_at BETWEEN now() - interval '1 minute' AND clock_timestamp())
                FROM hazecast.activation AS a LEFT JOIN hazecast.model AS m ON m.id = a.model_id
                LEFT JOIN hazecast.model AS p ON p.id = a.previous_model_id ORDER BY a.id
                """)
            #expect(
                recorded == [
                    "m2 - - f t", "m3 m2 promote t t", "m2 m3 rollback t t", "- m2 - f t",
                ])
            #expect(
                try await database.value(
                    "SELECT by_whom FROM hazecast.activation ORDER BY id DESC LIMIT 1", as: String.self)
                    != "hazecast_test_boss")
            try await database.run("DROP ROLE hazecast_test_boss")
        }
    }

    @Test func aMistakeIsSaid() async throws {
        try await with { database in
            for (call, message) in [
                ("promote('nope')", "there is no model \"nope\""),
                ("promote('m2', 'nope')", "there is no station \"nope\""),
                ("rollback('nope')", "there is no station \"nope\""), ("rollback('b')", "nothing served \"b\" before"),
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await database.owner.run(script: "SELECT hazecast.\(call)")
                }
                #expect(error?.message.contains(message) == true, "\(call): \(error?.message ?? "")")
            }
        }
    }

    @Test func whoAsksWhileARunIsOpenJoinsIt() async throws {
        try await with { database in
            let listener = try await Connection.connect(database.conninfo, applicationName: "test")
            let notifications = try await listener.listen(to: ["hazecast_training"])
            async let first = notifications.first { _ in true }
            func ask() async throws -> String {
                try await database.value("SELECT hazecast.request_retrain()::text", as: String.self)
            }
            #expect(try await ask() == "(1,accepted)")
            #expect(try await first?.channel == "hazecast_training")
            await listener.close()
            #expect(try await ask() == "(1,joined)")
            try await database.run(
                "UPDATE hazecast.training_run SET state = 'failed', finished_at = now(), decision = 'x'")
            #expect(try await ask() == "(2,accepted)")
            // Nobody holds the trainer's lock: who asks need not wait for a run that is dead.
            try await database.run("UPDATE hazecast.training_run SET state = 'running' WHERE id = 2")
            #expect(try await ask() == "(3,accepted)")
            #expect(
                try await database.column("SELECT state FROM hazecast.training_run ORDER BY id")
                    == ["failed", "failed", "waiting"])
            // While somebody does, it lives.
            try await database.run(
                """
                SELECT pg_advisory_lock(5215584419098812777);
                UPDATE hazecast.training_run SET state = 'running' WHERE id = 3
                """)
            #expect(try await ask() == "(3,joined)")
        }
    }

    @Test func challengersThatNeverServedGoInTheEnd() async throws {
        try await with { database in
            // Seven runs, a challenger each: the 2nd served once, the 3rd is a parent, the 4th's result is of the default.
            try await database.run(
                """
                INSERT INTO hazecast.model (name, document)
                SELECT 'c' || n, (SELECT document FROM hazecast.model WHERE name = 'chapter')
                    || jsonb_build_object('name', 'c' || n, 'sha256', repeat(n::text || 'a', 32))
                FROM generate_series(1, 7) AS n;
                INSERT INTO hazecast.training_run (why, state, finished_at)
                SELECT 'test', 'rejected', now() FROM generate_series(1, 7);
                INSERT INTO hazecast.training_result (run_id, station_id, verdict, reason, champion_id, challenger_id,
                    challenger_skill, stations, held_out_from, held_out_until, leads, origins, persistence_rmse,
                    champion_rmse)
                SELECT n, CASE WHEN n <> 4 THEN 1 END, 'rejected', 'test', (SELECT id FROM hazecast.model WHERE name = 'm1'),
                    (SELECT id FROM hazecast.model WHERE name = 'c' || n), n, 1, now(), now(), '{}', '{}', '{}', '{}'
                FROM generate_series(1, 7) AS n;
                SELECT hazecast.promote('c2', 'a'), hazecast.rollback('a');
                UPDATE hazecast.model SET parent_id = (SELECT id FROM hazecast.model WHERE name = 'c3') WHERE name = 'c7';
                """)
            func prune() async throws -> Int32 {
                try await database.value("SELECT hazecast.prune_challengers()", as: Int32.self)
            }
            #expect(try await prune() == 1)
            #expect(
                try await database.column("SELECT name FROM hazecast.model WHERE name LIKE 'c_' ORDER BY name")
                    == ["c2", "c3", "c4", "c5", "c6", "c7"])
            // Its scores stay.
            #expect(
                try await database.value(
                    "SELECT challenger_skill FROM hazecast.training_result WHERE run_id = 1 AND challenger_id IS NULL",
                    as: Double.self) == 1)
            #expect(try await prune() == 0)
        }
    }

    @Test func twoWhoAskAtOnceGetOneRun() async throws {
        try await with { database in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let connection = try await database.connect()
                        let row = try await connection.query("SELECT hazecast.request_retrain()::text").single()
                        await connection.close()
                        return try row.decode(String.self, at: 0)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers).count == 2 && answers.count { $0.hasSuffix("accepted)") } == 1, "\(answers)")
        }
    }

    private static let run = """
        SELECT hazecast.request_retrain();
        UPDATE hazecast.training_run SET state = 'running', started_at = clock_timestamp();
        INSERT INTO hazecast.training_result
            (run_id, station_id, verdict, reason, champion_id, challenger_id, stations, held_out_from, held_out_until,
                leads, origins, persistence_rmse, champion_rmse)
        SELECT 1, station, verdict, 'because', champion.id, challenger.id, 1, now(), now(), '{1}', '{200}', '{1}', '{1}'
        FROM (VALUES (NULL, 'promoted', 'm4'), (1, 'promoted', 'm2'), (2, 'rejected', 'm3')) AS result (station, verdict, name)
        JOIN hazecast.model AS challenger ON challenger.name = result.name
        JOIN hazecast.model AS champion ON champion.name = 'm1'
        """

    @Test func challengersThatWonServe() async throws {
        try await with { database in
            try await database.run(Self.run)
            #expect(try await database.value("SELECT hazecast.activate_challengers(1)", as: Int32.self) == 2)
            #expect(try await database.column(Self.serving) == ["- m4", "a m2"])
            try await database.run("UPDATE hazecast.training_run SET state = 'promoted', finished_at = now()")
            #expect(try await sqlState(of: "SELECT hazecast.activate_challengers(1)", on: database.owner) == "55000")
        }
    }

    @Test func aModelThatSomebodyChoseMeanwhileStays() async throws {
        try await with { database in
            try await database.run(Self.run)
            try await database.run("SELECT hazecast.promote('m3', 'a')")
            #expect(try await database.value("SELECT hazecast.activate_challengers(1)", as: Int32.self) == 1)
            #expect(try await database.column(Self.serving) == ["- m4", "a m3"])
            #expect(
                try await database.column(
                    "SELECT verdict || ': ' || reason FROM hazecast.training_result WHERE station_id = 1")
                    == ["rejected: because; but somebody chose another model while it was trained"])
        }
    }

    @Test func anotherDefaultChosenMeanwhileStaysForStationsToo() async throws {
        try await with { database in
            try await database.run(Self.run)
            try await database.run("SELECT hazecast.promote('m3')")
            #expect(try await database.value("SELECT hazecast.activate_challengers(1)", as: Int32.self) == 0)
            #expect(try await database.column(Self.serving) == ["- m3"])
        }
    }
}
