import Testing

@testable import Daemon

/// Values with a unit.
struct SettingValueTests {
    @Test func timesAreRead() {
        for (text, seconds) in [("1 minute", 60), ("90 minutes", 5400), ("12 hours", 43_200), ("7 days", 604_800)] {
            #expect(SettingValue.duration(text) == .seconds(seconds))
            #expect(SettingValue.duration(text).map(SettingValue.text) == text)
        }
    }

    @Test func sizesAreRead() {
        for (text, bytes) in [("512 MiB", 512 << 20), ("2 GiB", 2 << 30)] {
            #expect(SettingValue.bytes(text) == bytes)
            #expect(SettingValue.text(bytes: bytes) == text)
        }
    }

    @Test func nonsenseIsRefused() {
        for text in [
            "", "7", "days", "7days", "0 days", "-1 days", "1.5 days", "7 fortnights", "99999999999999999 days",
        ] {
            #expect(SettingValue.duration(text) == nil, "\(text)")
        }
        for text in ["", "512", "512 MB", "0 GiB", "9999999999999 GiB"] {
            #expect(SettingValue.bytes(text) == nil, "\(text)")
        }
    }
}
