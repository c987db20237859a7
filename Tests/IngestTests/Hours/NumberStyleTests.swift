import Forecast
import TestSupport
import Testing

@testable import Ingest

@Suite struct NumberStyleTests {
    private func number(_ text: String, decimal: Character = ".", thousands: Character? = nil) -> Double? {
        var style = NumberStyle()
        style.decimal = decimal.asciiValue ?? 0
        style.thousands = thousands?.asciiValue
        return Array(text.utf8).withUnsafeBytes { style.number($0) }
    }

    @Test func groupsAndDecimalMarks() {
        #expect(number("1,013.2") == 1013.2)
        #expect(number("-1,013,250") == -1_013_250)
        // It might be a decimal comma.
        #expect(number("1,013") == nil)
        #expect(number("1,013", thousands: ",") == 1013)
        #expect(number("17,5", decimal: ",") == 17.5)
        #expect(number("1.012,0", decimal: ",") == 1012)
        #expect(number("1.012", decimal: ",") == nil)
        for text in ["20,1", "0,512.5", "1,01.2", "10,13.2", ",5", "1,,013.2", "1,0132.5"] {
            #expect(number(text) == nil, "\(text)")
        }
    }

    @Test func onlyDecimalNotationIsANumber() {
        for text in ["", "-", ".", "nan", "inf", "0x10", "1e", "1_000", "--1", "1.2.3", "1e31", "５", "48*", "61x"] {
            #expect(number(text) == nil, "\(text)")
        }
        #expect(number("+5") == 5 && number("-.5") == -0.5 && number("5.") == 5 && number("1.5e2") == 150)
        #expect(number("123456789012345678901234567890") == Double("123456789012345678901234567890"))
    }

    /// The shortest text of a number is that number again, in both styles.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func everyNumberIsReadBack(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let digits = Double(Int.random(in: -9_999_999...9_999_999, using: &random))
            let value = digits / [1, 10, 100, 1e5, 1e9, 3][Int.random(in: 0..<6, using: &random)]
            #expect(number("\(value)") == value, "seed \(seed)")
            #expect(number("\(value)".replacing(".", with: ","), decimal: ",") == value, "seed \(seed)")
        }
    }
}
