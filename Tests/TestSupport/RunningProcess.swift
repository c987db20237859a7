import Foundation
import Synchronization

/// A program that runs. Both of its outputs are read all the while, so that it never waits for us.
public final class RunningProcess: Sendable {
    /// Its process.
    public let id: Int32
    private let output = Transcript()
    private let errors = Transcript()
    private let exit = Transcript()

    init(path: String, arguments: [String], environment: [String: String], input: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (inputPipe, outputPipe, errorPipe) = (Pipe(), Pipe(), Pipe())
        process.standardInput = inputPipe
        process.standardOutput = outputPipe
        process.standardError = errorPipe
        let exit = exit
        process.terminationHandler = { process in
            let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
            exit.append(Data("\(status)".utf8))
            exit.end()
        }
        try process.run()
        id = process.processIdentifier
        output.follow(outputPipe.fileHandleForReading)
        errors.follow(errorPipe.fileHandleForReading)
        Thread.detachNewThread {
            try? inputPipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try? inputPipe.fileHandleForWriting.close()
        }
    }

    /// What it has written to standard output so far.
    public var standardOutput: String { output.text }

    /// What it has written to standard error so far.
    public var standardError: String { errors.text }

    /// Whether it has ended.
    public var hasEnded: Bool { exit.isEnded }

    /// Sends it a signal; without effect when it has ended.
    public func signal(_ signal: Int32) {
        if !exit.isEnded { kill(id, signal) }
    }

    /// Waits until standard error contains a text.
    ///
    /// - Returns: false when it ended without having written that, or took more than half a minute.
    public func hasWritten(toStandardError text: String) async -> Bool { await Self.has(errors, text) }

    /// Waits until standard output contains a text.
    ///
    /// - Returns: false when it ended without having written that, or took more than half a minute.
    public func hasWritten(toStandardOutput text: String) async -> Bool { await Self.has(output, text) }

    private static func has(_ transcript: Transcript, _ text: String) async -> Bool {
        (try? await withDeadline(.seconds(30)) { await transcript.contains(text) }) ?? false
    }

    /// Waits for its end and for that of its outputs.
    public func end() async -> Executable.Output {
        await exit.ended()
        await output.ended()
        await errors.ended()
        return Executable.Output(
            status: Int32(exit.text) ?? -1, standardOutput: output.text, standardError: errors.text)
    }
}

/// Bytes that come in over time, and those who wait for some of them.
private final class Transcript: Sendable {
    private let state = Mutex(State())

    private struct State {
        var data = Data()
        var isEnded = false
        var waiters: [(text: String?, continuation: CheckedContinuation<Bool, Never>)] = []

        /// nil while it cannot be said.
        func answer(to text: String?) -> Bool? {
            if let text, data.range(of: Data(text.utf8)) != nil { return true }
            return isEnded ? text == nil : nil
        }
    }

    var text: String { state.withLock { String(decoding: $0.data, as: UTF8.self) } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Reads to the end of a pipe, on a thread of its own.
    func follow(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            // `FileHandle.read(upToCount:)` would wait until it has that many bytes.
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = read(handle.fileDescriptor, &buffer, buffer.count), count > 0 {
                append(Data(buffer.prefix(count)))
            }
            end()
        }
    }

    func append(_ data: Data) { change { $0.data.append(data) } }

    func end() { change { $0.isEnded = true } }

    func contains(_ text: String) async -> Bool { await answer(to: text) }

    func ended() async { _ = await answer(to: nil) }

    private func answer(to text: String?) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state in
                let answer = state.answer(to: text)
                if answer == nil { state.waiters.append((text, continuation)) }
                return answer
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let answered = state.withLock { state in
            body(&state)
            let answered = state.waiters.compactMap { waiter in
                state.answer(to: waiter.text).map { (waiter.continuation, $0) }
            }
            let current = state
            state.waiters.removeAll { current.answer(to: $0.text) != nil }
            return answered
        }
        for (continuation, answer) in answered { continuation.resume(returning: answer) }
    }
}
