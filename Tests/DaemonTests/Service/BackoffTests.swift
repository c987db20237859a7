import Testing

@testable import Daemon

/// How often the daemon tries, and how often it says so.
@Suite struct BackoffTests {
    @Test func waitsDoubleFromAQuarterOfASecondToFiveSecondsAndDifferFromDaemonToDaemon() {
        let nominal: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4)]
        var thirds: Set<Duration> = []
        for _ in 0..<100 {
            var backoff = Backoff()
            let waits = (0..<40).map { _ in backoff.next() }
            for (wait, limit) in zip(waits, nominal + Array(repeating: .seconds(5), count: 35)) {
                #expect(limit / 2 <= wait && wait <= limit)
            }
            thirds.insert(waits[2])
            backoff.reset()
            #expect(backoff.next() <= .milliseconds(250))
        }
        #expect(thirds.count > 90)
    }

    @Test func aFaultThatRepeatsIsNewsOnceAndThenCounted() {
        var trouble = Trouble()
        let isFirstNews = trouble.fails(with: "no space left on device")
        #expect(isFirstNews)
        for _ in 0..<1_000 {
            let isNews = trouble.fails(with: "no space left on device")
            #expect(!isNews)
        }
        #expect(trouble.failures == 1_001)
    }

    @Test func messagesThatAlwaysDifferFillNoLog() {
        var trouble = Trouble()
        let news = (0..<1_000).count { trouble.fails(with: "could not extend file \($0)") }
        #expect(news == 20)
    }

    @Test func aSuccessEndsATroubleOnceItHasLasted() {
        var trouble = Trouble()
        #expect(trouble.since == nil)
        let isFirstNews = trouble.fails(with: "the lock is taken")
        trouble.succeeds(at: .now + .seconds(9))
        let isSecondNews = trouble.fails(with: "the lock is taken")
        #expect(isFirstNews && !isSecondNews && trouble.since != nil && trouble.failures == 2)
        trouble.succeeds(at: .now + .seconds(11))
        #expect(trouble.since == nil && trouble.failures == 0)
        let isNewsAgain = trouble.fails(with: "the lock is taken")
        #expect(isNewsAgain)
    }
}
