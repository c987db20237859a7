import Forecast
import Foundation
import Testing

@testable import Ingest

@Suite struct LocalClockTests {
    private func hours(_ stamps: [String], _ zone: String) throws -> (hours: [String], rejected: [String]) {
        let (readings, rejected, _) = try rows(
            ["station,observed_at,pm25"] + stamps.map { "a,\($0),1" }, csv { $0.timeZone = zone })
        return (readings.map(\.hour.description), rejected.map(\.reason))
    }

    @Test(arguments: [
        ("2014-12-31T15:00Z", "2014-12-31T15:00Z"), ("2014-12-31 15:00:00", "2014-12-31T15:00Z"),
        ("2014-12-31 15", "2014-12-31T15:00Z"), ("2014-12-31T15:00:00.000+08:00", "2014-12-31T07:00Z"),
        ("2014-12-31 15:30+0530", "2014-12-31T10:00Z"), ("2015-01-01 00:00:00-03", "2015-01-01T03:00Z"),
        ("2014-12-31T15:00+05:30", "2014-12-31T09:00Z"), ("2016-02-29 00:00 UTC", "2016-02-29T00:00Z"),
    ])
    func stampsAreRead(stamp: String, hour: String) throws {
        let read = try #require(Array(stamp.utf8).withUnsafeBytes { StampFormat.automatic.stamp($0) })
        let seconds = (read.instant ?? read.local) / 1_000_000
        #expect(UTCHour(containing: seconds - seconds % 3600).description == hour)
    }

    @Test(arguments: [
        "31/12/2014 15:00", "2014-12-31T25:00Z", "2015-02-29T00:00Z", "2014-12-31T15:60Z", "2014-12-31T24:01Z",
        "2014-12-31-15:00", "2014-13-01", "2014-12/31", "1969-12-31T23:00Z", "20141231", "NA", "",
        "2014-12-31T15:00 Mars", "2014-12-31T15:00+99", "2014-12-31T15:0", "0000-01-01T00:00Z",
    ])
    func textsThatAreNoTimeAreRejected(stamp: String) throws {
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
        #expect(result.rejected == ["the clock of Europe/Berlin never shows this time: it is put forward over it"])
    }

    @Test func theHourThatComesTwiceIsToldByItsOrder() throws {
        let stamps = (1...4).map { "2014-10-26 0\($0):00" }
        let twice = try hours([stamps[0], stamps[1], stamps[1], stamps[2]], "Europe/Berlin")
        #expect(twice.hours == ["2014-10-25T23:00Z", "2014-10-26T00:00Z", "2014-10-26T01:00Z", "2014-10-26T02:00Z"])
        let once = try hours([stamps[1], stamps[2]], "Europe/Berlin")
        #expect(once.hours == ["2014-10-26T02:00Z"])
        #expect(once.rejected.count == 1 && once.rejected[0].contains("shows this time twice"))
    }

    /// A year of local stamps, each UTC hour written on the wall clock, comes back hour for hour, in either direction.
    @Test(arguments: ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Adelaide", "Atlantic/Azores"])
    func everyHourOfAYearSurvivesTheClock(zone: String) throws {
        let clock = try #require(TimeZone(identifier: zone))
        let hours = (0..<365 * 24).map { UTCHour(hoursSinceEpoch: 385_700 + $0) }
        var lines = hours.enumerated().map { index, hour in
            let shift = Int64(clock.secondsFromGMT(for: Date(timeIntervalSince1970: Double(hour.secondsSinceEpoch))))
            let local = hour.secondsSinceEpoch + shift
            let minute = (local % 3600) / 60
            return
                "a,\(UTCHour(containing: local).description.dropLast(3))\(minute < 10 ? "0" : "")\(minute),\(index % 500)"
        }
        for isNewestFirst in [false, true] {
            if isNewestFirst { lines.reverse() }
            let (readings, rejected, _) = try rows(
                ["station,observed_at,pm25"] + lines,
                csv { layout in
                    layout.timeZone = zone
                    layout.step = 3_600
                })
            #expect(rejected.isEmpty, "\(zone) \(isNewestFirst)")
            #expect(readings.map(\.hour) == hours, "\(zone) \(isNewestFirst)")
            #expect(
                readings.map { Int($0.measures.pm25) } == hours.indices.map { $0 % 500 }, "\(zone) \(isNewestFirst)")
        }
    }
}
