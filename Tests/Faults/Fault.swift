import ArgumentParser
import TestSupport

/// What goes wrong.
enum Fault: String, CaseIterable, ExpressibleByArgument, Sendable {
    // The daemon.
    case kill, terminate, stopContinue = "stop-continue", standby
    case killAtStatement = "kill-at-statement"
    case terminateAtStatement = "terminate-at-statement"
    // The server.
    case serverFast = "server-fast", serverImmediate = "server-immediate", killPostmaster = "kill-postmaster"
    case killBackend = "kill-backend", terminateBackends = "terminate-backends", cancelBackends = "cancel-backends"
    case readOnly = "read-only", failover, tooManyConnections = "too-many-connections", diskFull = "disk-full"
    // The network.
    case cut, cutAtStatement = "cut-at-statement", blackHole = "black-hole", latency, bytewise, refuse
    case halfOpen = "half-open"
    // The neighbours.
    case lock, statementTimeout = "statement-timeout", deadlock, serialization, newerSchema = "newer-schema"
    case truncateArrival = "truncate-arrival", station, model, trainerMemory = "trainer-memory"
    // Time.
    case daemonClock = "daemon-clock", serverClock = "server-clock"

    /// Whether it goes on until it is lifted; the others strike once, while the daemon is at work.
    var isLasting: Bool {
        switch self {
        case .readOnly, .failover, .tooManyConnections, .diskFull, .blackHole, .halfOpen, .latency, .bytewise,
            .refuse, .lock, .statementTimeout, .deadlock, .serialization, .newerSchema, .cancelBackends, .model,
            .daemonClock, .serverClock, .serverFast, .serverImmediate, .killPostmaster, .stopContinue:
            true
        default: false
        }
    }

    /// Whether it may happen together with another one. Those that replace the server's or the daemon's process would undo
    /// what the other one needs.
    var mixes: Bool {
        switch self {
        case .diskFull, .failover, .daemonClock, .serverClock, .deadlock, .serialization, .cancelBackends,
            .halfOpen,
            .model:
            false
        default: true
        }
    }

    /// What shows that a fault has had an effect, and not only been tried.
    enum Trace {
        /// Words in what the daemons write.
        case daemon(String)
        /// Words in what the server writes.
        case server(String)
        /// Whatever makes the fault sees it, and says so.
        case seen
    }

    var trace: Trace {
        switch self {
        case .standby: .daemon("standby: another daemon")
        case .serverFast, .serverImmediate, .killPostmaster, .cut, .blackHole, .refuse: .daemon(" retry_in=")
        case .readOnly, .failover: .daemon("SQLSTATE 25006")
        case .tooManyConnections: .daemon("SQLSTATE 53300")
        case .diskFull: .daemon("SQLSTATE 53100")
        case .cancelBackends, .statementTimeout: .daemon("SQLSTATE 57014")
        case .deadlock: .daemon("SQLSTATE 40P01")
        case .serialization: .daemon("SQLSTATE 40001")
        case .newerSchema: .daemon("install a newer hazecast")
        case .model: .daemon("cannot be used")
        case .killBackend: .server("was terminated by signal 9")
        case .terminateBackends: .server("due to administrator command")
        case .lock: .server("hazecast: LOG:  process")
        case .kill, .terminate, .stopContinue, .killAtStatement, .terminateAtStatement, .cutAtStatement, .latency,
            .bytewise, .halfOpen, .truncateArrival, .station, .trainerMemory, .daemonClock, .serverClock:
            .seen
        }
    }
}

/// A fault with everything about it that was drawn.
struct Struck: Sendable {
    let fault: Fault
    /// How long after the step begins it strikes.
    let delay: Duration
    /// How long it lasts.
    let length: Duration
    /// Whether the daemon is told to stop in the middle of it.
    let isStopping: Bool
    /// Which of a fault's variants it is.
    let variant: Int
}

/// The faults of a run, in order.
struct Schedule {
    private var random: SeededGenerator
    private var bag: [Fault] = []
    private let kinds: [Fault]
    private let apart: Bool

    init(seed: UInt64, kinds: [Fault], apart: Bool) {
        random = SeededGenerator(seed: seed, test: "schedule")
        self.kinds = kinds
        self.apart = apart
    }

    /// One fault, or now and then two together. Every kind comes as often as the others.
    mutating func next() -> [Struck] {
        let first = draw()
        let isMixed = Int.random(in: 0..<4, using: &random) == 0
        guard isMixed, !apart, kinds.count > 1, first.fault.mixes else { return [first] }
        let second = draw()
        return second.fault.mixes && second.fault != first.fault ? [first, second] : [first]
    }

    private mutating func draw() -> Struck {
        if bag.isEmpty { bag = kinds.shuffled(using: &random) }
        return Struck(
            fault: bag.removeLast(), delay: .microseconds(Int.random(in: 0...20_000, using: &random)),
            length: .milliseconds(Int.random(in: 100...900, using: &random)),
            isStopping: Int.random(in: 0..<4, using: &random) == 0,
            variant: Int.random(in: 0..<1_000, using: &random))
    }
}
