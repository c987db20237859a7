import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

@Suite struct StampFormatTests {
    private func stamp(_ text: String, _ format: StampFormat) -> Stamp? {
        Array(text.utf8).withUnsafeBytes { format.stamp($0) }
    }

    private func shown(_ stamp: Stamp?) -> String? {
        stamp.map { stamp in
            let second = stamp.local.floored(by: 1_000_000)
            let hour = UTCHour(containing: second)
            let offset = stamp.offset.map { " \($0)" } ?? ""
            return "\(hour.description.dropLast(3)) +\(second - hour.secondsSinceEpoch)\(offset)"
        }
    }

    @Test(arguments: [
        ("3/4/2024 12:00 AM", "%m/%d/%Y %I:%M %p", "2024-03-04T00: +0"),
        ("3/4/2024 12:30 pm", "%m/%d/%Y %I:%M %p", "2024-03-04T12: +1800"),
        ("1/1/24 11:59p", "%m/%d/%y %I:%M%p", "2024-01-01T23: +3540"),
        ("02.06.2024 24:00", "%d.%m.%Y %H:%M", "2024-06-03T00: +0"),
        ("31.12.2023 24:00:00", "%d.%m.%Y %T", "2024-01-01T00: +0"),
        ("2016 12 31 21", "%Y %m %d %H", "2016-12-31T21: +0"),
        ("05-Jan-2026 07:10:05.25", "%d-%b-%Y %H:%M:%S", "2026-01-05T07: +605"),
        ("January 5 2026 7:10", "%B %d %Y %H:%M", "2026-01-05T07: +600"),
        ("2024-366 23", "%Y-%j %H", "2024-12-31T23: +0"),
        ("20240229T0630Z", "%Y%m%dT%H%M%z", "2024-02-29T06: +1800 0"),
        ("2024/02/29 06:30 +0530", "%Y/%m/%d %R %z", "2024-02-29T06: +1800 19800"),
        ("1767592800.0", "epoch", "2026-01-05T06: +0 0"),
        ("1767592800000", "epoch-ms", "2026-01-05T06: +0 0"),
    ])
    func patternsAreRead(text: String, format: String, expected: String) throws {
        #expect(shown(stamp(text, try #require(StampFormat(format)))) == expected)
    }

    @Test(arguments: [
        ("13/01/2024 10:00", "%m/%d/%Y %H:%M"), ("2/30/2024 10:00", "%m/%d/%Y %H:%M"), ("1/1/2024", "%m/%d/%Y %H:%M"),
        ("1/1/2024 13:00 PM", "%m/%d/%Y %I:%M %p"), ("1/1/2024 0:00 AM", "%m/%d/%Y %I:%M %p"),
        ("1/1/2024 24:01", "%m/%d/%Y %H:%M"), ("1/1/2024 10:00 x", "%m/%d/%Y %H:%M"), ("2023-366", "%Y-%j"),
        ("12", "epoch"), ("1e9", "epoch"), ("", "iso"), ("2024-02-30", "iso"),
    ])
    func otherTextsAreNoTimes(text: String, format: String) throws {
        #expect(stamp(text, try #require(StampFormat(format))) == nil)
    }

    @Test(arguments: ["%H:%M", "yyyy-mm-dd", "%Y", "%Q", "%", "", "%Y-%m"])
    func patternsWithoutADateAreRefused(format: String) { #expect(StampFormat(format) == nil) }

    @Test func theUnitOfANumberFollowsFromItsDigits() {
        for text in ["1767592800", "1767592800.5", "1767592800000", "1767592800000000", "1767592800000000000"] {
            #expect(shown(stamp(text, .automatic))?.hasPrefix("2026-01-05T06: +0 0") == true, "\(text)")
        }
        #expect(stamp("20260105", .automatic) == nil)
        #expect(stamp("1767592800", .iso) == nil)
    }

    /// Every second of many random ones, written in several ways, is read back.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        let ways = [
            ("yyyy-MM-dd'T'HH:mm:ss", "iso"), ("dd/MM/yyyy HH:mm:ss", "%d/%m/%Y %H:%M:%S"),
            ("M/d/yyyy h:mm:ss a", "%m/%d/%Y %I:%M:%S %p"), ("dd MMM yyyy HH:mm:ss", "%d %b %Y %H:%M:%S"),
            ("yyyy DDD HH:mm:ss", "%Y %j %T"),
        ]
        for _ in 0..<50 {
            let seconds = Int64.random(in: 0..<4_000_000_000, using: &random)
            for (written, read) in ways {
                formatter.dateFormat = written
                let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
                #expect(
                    stamp(text, try #require(StampFormat(read)))?.local == seconds * 1_000_000, "seed \(seed): \(text)")
            }
        }
    }
}
