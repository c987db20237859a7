import Forecast
import Foundation
import Glibc
import Ingest
import Postgres
import TestSupport

/// 24 days of readings in a minute or two, every reading from a writer and in a transaction of its own.
struct Soak {
    private static let days = 24
    /// Caches, prepared statements and the allocator have what they will ever need.
    private static let warmUp = 6
    private static let writers = 64
    /// Nobody writes for two days, and then everything comes at once.
    private static let outages = [8, 12, 20]
    /// The daemon is stopped until what came after the outage is there, each reading an arrival of its own.
    private static let stalled = 13

    static func run(stations: Int) async throws {
        let replay = try Replay(stations: stations, days: days)
        say("soak: \(days) days of \(stations) stations, one transaction a reading, \(replay.origin)")
        let world = try await World.start(stations: replay.stations, slack: .zero)
        do {
            try await world.startDaemon()
            let conninfo = await world.cluster.conninfo(database: World.database)
            let writers = (0..<Self.writers).map { _ in Writer(conninfo: conninfo) }
            var warm: World.Footprint?
            var held: [Replay.Row] = []
            let began = ContinuousClock.now
            for (day, rows) in replay.steps.map(\.rows).enumerated() {
                held += rows
                if outages.contains(day) || outages.contains(day + 1) { continue }
                let stopped = day == stalled ? await world.signalDaemons(SIGSTOP) : []
                let writing = ContinuousClock.now
                try await write(held, by: writers)
                if day == stalled {
                    let rate = Int(Double(held.count) / ((ContinuousClock.now - writing) / .seconds(1)))
                    let waiting = try await world.writer.text("SELECT count(*) FROM hazecast.arrival") ?? ""
                    say("day \(day): \(waiting) transactions wait, which came at \(rate) a second")
                    for daemon in stopped { daemon.signal(SIGCONT) }
                }
                held = []
                try await world.settled(world.writer)
                if day == warmUp { warm = try await world.measure() }
                if day % 4 == 0 { say("day \(day): \(try await world.measure())") }
            }
            guard let warm else { throw Failure("no day of warm-up") }
            let end = try await world.measure()
            say("after warm-up: \(warm); at the end: \(end); \((ContinuousClock.now - began) / .seconds(1)) s")
            guard end.kibibytes * 100 <= warm.kibibytes * 105, end.descriptors == warm.descriptors,
                end.connections == warm.connections
            else { throw Failure("not flat") }
            let newest = try await world.writer.text(
                "SELECT count(*) FROM hazecast.status WHERE kind = 'station' AND reason = 'not forecast yet'")
            guard newest == "0" else { throw Failure("\(newest ?? "") stations are not forecast") }
            await world.end()
        } catch {
            await world.report()
            await world.end()
            throw error
        }
    }

    /// Hour by hour, each reading by whichever writer is free.
    private static func write(_ rows: [Replay.Row], by writers: [Writer]) async throws {
        let ordered = rows.sorted { ($0.hour.hoursSinceEpoch, $0.station) < ($1.hour.hoursSinceEpoch, $1.station) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, writer) in writers.enumerated() {
                group.addTask {
                    for index in stride(from: number, to: ordered.count, by: writers.count) {
                        try await writer.write(Replay.Step(description: "", rows: [ordered[index]]))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
