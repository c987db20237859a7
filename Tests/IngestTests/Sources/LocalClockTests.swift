import Forecast
import Testing

@testable import Ingest

@Suite struct LocalClockTests {
    private func hours(_ stamps: [String], _ zone: String) throws -> (hours: [String], rejected: [String]) {
        let clock = try #require(LocalClock(zone))
        let (readings, rejected) = try rows(
            ["station,observed_at,pm25"] + stamps.map { "a,\($0),1" }, .csv(NamedColumns(clock: clock)))
        return (readings.map(\.hour.description), rejected.map(\.reason))
    }

    @Test(arguments: [
        ("2014-12-31T15:00Z", "2014-12-31T15:00Z"), ("2014-12-31 15:00:00", "2014-12-31T15:00Z"),
        ("2014-12-31 15", "2014-12-31T15:00Z"), ("2014-12-31T15:00:00.000+08:00", "2014-12-31T07:00Z"),
        ("2014-12-31 15:30+0530", "2014-12-31T10:00Z"), ("2015-01-01 00:00:00-03", "2015-01-01T03:00Z"),
        ("1969-12-31T23:00Z", "1969-12-31T23:00Z"), ("2016-02-29 00:00 UTC", "2016-02-29T00:00Z"),
    ])
    func stampsAreRead(stamp: String, hour: String) throws {
        let result = try hours([stamp], "UTC")
        #expect(result.hours == [hour])
    }

    @Test(arguments: [
        "2014-12-31", "31/12/2014 15:00", "2014-12-31T25:00Z", "2015-02-29T00:00Z", "2014-12-31T15:60Z",
        "2014-12-31T15:30Z", "2014-12-31T15:00:01Z", "2014-12-31T15:00:00.5Z", "2014-12-31T15:00+05:30", "NA", "",
        "2014-12-31T15:00 Mars", "2014-12-31T15:00+99", "2014-12-31T15:0", "0000-01-01T00:00Z",
    ])
    func stampsThatBeginNoUTCHourAreRejected(stamp: String) throws {
        let result = try hours([stamp], "UTC")
        #expect(result.hours == [])
        #expect(result.rejected.count == 1)
    }

    @Test func namesOfClocks() {
        #expect(LocalClock("+05:30")?.instants(local: 0) == [-19_800])
        #expect(LocalClock("-0330")?.instants(local: 0) == [12_600])
        #expect(LocalClock("+08")?.instants(local: 0) == [-28_800])
        #expect(LocalClock("Asia/Shanghai")?.instants(local: 1_400_000_400) == [1_400_000_400 - 28_800])
        for name in ["Mars/Olympus", "+8", "+24:00", "+05:60", "CST", "", "+0:530", "+-5"] {
            #expect(LocalClock(name) == nil, "\(name)")
        }
    }

    @Test func theHourThatAClockSkipsIsRejected() throws {
        let result = try hours(["2014-03-30 01:00", "2014-03-30 02:00", "2014-03-30 03:00"], "Europe/Berlin")
        #expect(result.hours == ["2014-03-30T00:00Z", "2014-03-30T01:00Z"])
        #expect(result.rejected == ["the clock of Europe/Berlin skips this hour"])
    }

    @Test func theHourThatComesTwiceIsToldByItsOrder() throws {
        let stamps = (1...4).map { "2014-10-26 0\($0):00" }
        let twice = try hours([stamps[0], stamps[1], stamps[1], stamps[2]], "Europe/Berlin")
        #expect(twice.hours == ["2014-10-25T23:00Z", "2014-10-26T00:00Z", "2014-10-26T01:00Z", "2014-10-26T02:00Z"])
        let once = try hours([stamps[1], stamps[2]], "Europe/Berlin")
        #expect(once.hours == ["2014-10-26T00:00Z", "2014-10-26T02:00Z"])
    }

    /// A year of local stamps, each UTC hour written on the wall clock, comes back hour for hour.
    @Test(arguments: ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "Asia/Shanghai"])
    func everyHourOfAYearSurvivesTheClock(zone: String) throws {
        let clock = try #require(LocalClock(zone))
        var reader = HourReader(clock: clock)
        var latest: UTCHour?
        for local in stride(from: Int64(1_388_534_400), to: 1_388_534_400 + 365 * 86_400, by: 1800) {
            for _ in clock.instants(local: local) where clock.instants(local: local).allSatisfy({ $0 % 3600 == 0 }) {
                let stamp = try LocalStamp(Array(iso(local).utf8)[...], "observed_at")
                let hour = try reader.hour(stamp, station: "a")
                if let latest { #expect(latest.advanced(by: 1) == hour, "\(zone) \(iso(local))") }
                latest = hour
            }
        }
        #expect(latest != nil)
    }

    private func iso(_ local: Int64) -> String {
        let hour = UTCHour(containing: local).description.dropLast(3)
        return "\(hour)\(local % 3600 == 0 ? "00" : "30")"
    }
}
