import Postgres
import TestSupport
import Testing

/// When writers wake the daemon, and when they leave it to its timer.
struct SchemaNotifyTests {
    /// A database whose notifications are listened to, and what came of them.
    private struct Listening {
        let database: MigratedDatabase
        let notifications: Notifications

        /// Expects `script` to send so many notifications, by way of one more that comes after them.
        func expect(
            _ expected: Int, from script: String, channel: String = "hazecast_arrival",
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            try await database.run(script)
            try await database.run("SELECT pg_notify('\(channel)', 'end')")
            var count = 0
            for try await notification in notifications {
                if notification.payload == "end" { break }
                count += 1
            }
            #expect(count == expected, sourceLocation: sourceLocation)
        }
    }

    private static func write(_ hour: Int) -> String {
        """
        INSERT INTO hazecast.reading (station_id, observed_at)
        VALUES (1, '2014-01-01 00:00+00'::timestamptz + \(hour) * interval '1 hour');
        """
    }

    private func listening(
        to channel: String = "hazecast_arrival", _ body: @escaping @Sendable (Listening) async throws -> Void
    ) async throws {
        try await MigratedDatabase.with { database in
            try await database.run("INSERT INTO hazecast.station (name) VALUES ('a')")
            let listener = try await Connection.connect(database.conninfo, applicationName: "test")
            let notifications = try await listener.listen(to: [channel])
            try await body(Listening(database: database, notifications: notifications))
            await listener.close()
        }
    }

    @Test func onlyAWriterWhoFindsNothingWaitingNotifies() async throws {
        try await listening { listening in
            try await listening.expect(1, from: Self.write(0))
            try await listening.expect(0, from: Self.write(1))
            try await listening.database.claim()
            try await listening.expect(1, from: Self.write(2))
        }
    }

    @Test func aTransactionNotifiesOnce() async throws {
        try await listening { listening in
            let script = "BEGIN; \(Self.write(0)) \(Self.write(1)) DELETE FROM hazecast.reading; COMMIT"
            try await listening.expect(1, from: script)
        }
    }

    @Test func aRolledBackWriteDoesNotNotify() async throws {
        try await listening { listening in
            try await listening.expect(0, from: "BEGIN; \(Self.write(0)) ROLLBACK")
        }
    }

    /// An uncommitted arrival may never be one, so nobody may rely on it.
    @Test func anUncommittedArrivalDoesNotSilenceOthers() async throws {
        try await listening { listening in
            let other = try await listening.database.connect()
            try await other.run(script: "BEGIN; \(Self.write(0))")
            try await listening.expect(1, from: Self.write(1))
            await other.close()
        }
    }

    /// The look happens at commit: an arrival that was claimed while the transaction was open does not count.
    @Test func anArrivalClaimedBeforeTheCommitDoesNotSilenceIt() async throws {
        try await listening { listening in
            try await listening.expect(1, from: Self.write(0))
            let writer = try await listening.database.connect()
            try await writer.run(script: "BEGIN; \(Self.write(1))")
            try await listening.database.claim()
            try await writer.run(script: "COMMIT")
            try await listening.expect(1, from: "SELECT")
            await writer.close()
        }
    }

    @Test func aWriterWithAnOldSnapshotNotifiesWithoutLooking() async throws {
        try await listening { listening in
            try await listening.expect(1, from: Self.write(0))
            for level in ["REPEATABLE READ", "SERIALIZABLE"] {
                try await listening.expect(1, from: "BEGIN ISOLATION LEVEL \(level); SELECT hazecast.refresh(); COMMIT")
            }
        }
    }

    @Test func anArrivalOfLongAgoSilencesNobody() async throws {
        try await listening { listening in
            try await listening.expect(1, from: "INSERT INTO hazecast.arrival (written_by) VALUES ('3')")
            // The look reaches back a thousand transactions.
            try await listening.database.run(
                "DO $$BEGIN FOR i IN 1..1100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END$$")
            try await listening.expect(1, from: Self.write(0))
        }
    }

    @Test func notifyOffIsSilent() async throws {
        try await listening { listening in
            try await listening.expect(0, from: "SET hazecast.notify = off; \(Self.write(0))")
            #expect(try await listening.database.feed() == ["rows 1"])
            try await listening.database.claim()
            try await listening.expect(1, from: "SET hazecast.notify = on; \(Self.write(1))")
        }
    }

    @Test func anotherActiveModelNotifies() async throws {
        try await listening(to: "hazecast_model") { listening in
            let model = ModelDocument(name: "x", sha256: String(repeating: "0", count: 64)).insert
            try await listening.database.run(model)
            let activate =
                "INSERT INTO hazecast.active_model (station_id, model_id) SELECT 1, id FROM hazecast.model WHERE name = 'x'"
            try await listening.expect(1, from: activate, channel: "hazecast_model")
        }
    }
}
