import Postgres
import TestSupport
import Testing

struct NotificationsTests {
    private func connect() async throws -> Connection {
        try await Connection.connect(TestServer.shared().conninfo(), applicationName: "test")
    }

    @Test func notificationsArriveInOrder() async throws {
        try await withDeadline(.seconds(60)) {
            try await TestDatabase.withDatabase { conninfo in
                let listener = try await Connection.connect(conninfo, applicationName: "test")
                let notifications = try await listener.listen(to: ["feed", "odd \"name\""])
                let sender = try await Connection.connect(conninfo, applicationName: "test")
                for number in 0..<100 { try await sender.query("SELECT pg_notify('feed', $1)", ["\(number)"]) }
                try await sender.query("SELECT pg_notify('odd \"name\"', '')")
                var received: [Notification] = []
                for try await notification in notifications {
                    received.append(notification)
                    if notification.channel != "feed" { break }
                }
                #expect(received.map(\.payload) == (0..<100).map(String.init) + [""])
                #expect(await received.first?.processID == sender.backendProcessID)
                await listener.close()
                await sender.close()
            }
        }
    }

    /// Those that come with the answer of a statement, or while a transaction is open, are not lost.
    @Test func aConnectionListensAndWorks() async throws {
        try await withDeadline(.seconds(60)) {
            try await TestDatabase.withDatabase { conninfo in
                let listener = try await Connection.connect(conninfo, applicationName: "test")
                var notifications = try await listener.listen(to: ["feed"]).makeAsyncIterator()
                let sender = try await Connection.connect(conninfo, applicationName: "test")
                for number in 0..<50 {
                    try await listener.withTransaction {
                        try await sender.query("SELECT pg_notify('feed', $1)", ["\(number)"])
                        try await listener.query("SELECT 1")
                    }
                    try await listener.query("SELECT pg_notify('feed', 'own')")
                    #expect(try await notifications.next()?.payload == "\(number)")
                    #expect(try await notifications.next()?.payload == "own")
                }
                await listener.close()
                await sender.close()
            }
        }
    }

    /// More of them than the cooperative pool has threads.
    @Test func listenersHoldNobodyUp() async throws {
        try await withDeadline(.seconds(60)) {
            var listeners: [Connection] = []
            for _ in 0..<32 {
                listeners.append(try await connect())
                _ = try await listeners[listeners.count - 1].listen(to: ["quiet"])
            }
            let connection = try await connect()
            let sleepers = (0..<16).map { _ in Task { try await connection.query("SELECT pg_sleep(0.001)") } }
            for sleeper in sleepers { #expect(try await sleeper.value.count == 1) }
            for listener in listeners { await listener.close() }
            await connection.close()
        }
    }

    @Test func closingEndsTheStreamWithoutAnError() async throws {
        try await withDeadline(.seconds(60)) {
            let listener = try await connect()
            let notifications = try await listener.listen(to: ["feed"])
            let reader = Task { for try await _ in notifications {} }
            await listener.close()
            try await reader.value
        }
    }

    @Test func aKilledBackendEndsTheStreamWithItsError() async throws {
        try await withDeadline(.seconds(60)) {
            let listener = try await connect()
            let notifications = try await listener.listen(to: ["feed"])
            let killer = try await connect()
            try await killer.query("SELECT pg_terminate_backend($1)", [listener.backendProcessID])
            let error = try await failure { for try await _ in notifications {} }
            #expect(error.code == .connectionLost && error.sqlState == "57P01" && error.recovery == .reconnect)
            #expect(await !listener.isUsable)
            await killer.close()
        }
    }

    @Test func aConnectionListensOnce() async throws {
        try await withDeadline(.seconds(60)) {
            let listener = try await connect()
            _ = try await listener.listen(to: ["feed"])
            let error = try await failure { _ = try await listener.listen(to: ["more"]) }
            #expect(error.code == .misuse)
            await listener.close()
        }
    }
}
