import Postgres
import TestSupport
import Testing

struct ListenerTests {
    @Test func notificationsArriveInOrder() async throws {
        try await withDeadline(.seconds(60)) {
            try await TestDatabase.withDatabase { conninfo in
                let listener = try await Listener.listen(
                    conninfo, channels: ["feed", "odd \"name\""], applicationName: "test")
                let sender = try await Connection.connect(conninfo, applicationName: "test")
                for number in 0..<100 { try await sender.query("SELECT pg_notify('feed', $1)", ["\(number)"]) }
                try await sender.query("SELECT pg_notify('odd \"name\"', '')")
                var received: [Notification] = []
                for try await notification in listener.notifications {
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

    /// More of them than the cooperative pool has threads.
    @Test func listenersHoldNobodyUp() async throws {
        try await withDeadline(.seconds(60)) {
            let conninfo = try await TestServer.shared().conninfo()
            var listeners: [Listener] = []
            for _ in 0..<32 {
                listeners.append(
                    try await Listener.listen(conninfo, channels: ["quiet"], applicationName: "test"))
            }
            let connection = try await Connection.connect(conninfo, applicationName: "test")
            let sleepers = (0..<16).map { _ in Task { try await connection.query("SELECT pg_sleep(0.001)") } }
            for sleeper in sleepers { #expect(try await sleeper.value.count == 1) }
            for listener in listeners { await listener.close() }
            await connection.close()
        }
    }

    @Test func closingEndsTheStreamWithoutAnError() async throws {
        try await withDeadline(.seconds(60)) {
            let conninfo = try await TestServer.shared().conninfo()
            let listener = try await Listener.listen(conninfo, channels: ["feed"], applicationName: "test")
            let reader = Task { for try await _ in listener.notifications {} }
            await listener.close()
            try await reader.value
        }
    }

    @Test func aKilledBackendEndsTheStreamWithItsError() async throws {
        try await withDeadline(.seconds(60)) {
            let conninfo = try await TestServer.shared().conninfo()
            let listener = try await Listener.listen(conninfo, channels: ["feed"], applicationName: "test")
            let killer = try await Connection.connect(conninfo, applicationName: "test")
            try await killer.query("SELECT pg_terminate_backend($1)", [listener.backendProcessID])
            let error = try await failure { for try await _ in listener.notifications {} }
            #expect(error.code == .connectionLost && error.sqlState == "57P01" && error.recovery == .reconnect)
            await killer.close()
        }
    }
}
