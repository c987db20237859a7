import Synchronization
import TestSupport
import Testing

@testable import Daemon

@Suite struct AheadTests {
    /// Numbers up to a limit, and how many have been made.
    private final class Counter: Sendable {
        private let limit: Int
        private let state = Mutex(0)
        init(to limit: Int) { self.limit = limit }
        var made: Int { state.withLock { $0 } }
        func next() -> Int? {
            state.withLock { number in
                if number == limit { return nil }
                number += 1
                return number
            }
        }
    }

    @Test func everyPieceComesOnceAndInOrder() {
        let counter = Counter(to: 1_000)
        let ahead = Ahead(by: 3, counter.next)
        var taken: [Int] = []
        while let piece = ahead.next() { taken.append(piece) }
        ahead.end()
        #expect(taken == Array(1...1_000))
    }

    @Test func noMoreIsMadeThanMayWait() async {
        let counter = Counter(to: 1_000)
        let ahead = Ahead(by: 3, counter.next)
        #expect(ahead.next() == 1)
        while counter.made < 4 { await Task.yield() }
        ahead.end()
        #expect(counter.made <= 5)
    }

    @Test func whoeverEndsItEarlyIsNotWaitedForByAnybody() {
        for taken in 0..<5 {
            let counter = Counter(to: 1_000)
            let ahead = Ahead(by: 2, counter.next)
            for _ in 0..<taken { _ = ahead.next() }
            ahead.end()
            let made = counter.made
            #expect(made <= taken + 3)
        }
    }

    @Test func nothingToMakeIsTheEnd() {
        let ahead = Ahead(by: 2, Counter(to: 0).next)
        #expect(ahead.next() == nil)
        ahead.end()
    }
}
