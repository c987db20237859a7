import Forecast
import Foundation
import TestSupport
import Testing

@testable import Ingest

@Suite struct NamedFormatTests {
    @Test func everyFormatCanBeUsed() throws {
        #expect(Set(NamedFormat.all.map(\.name)).count == NamedFormat.all.count)
        for format in NamedFormat.all {
            let layout = format.layout
            #expect(layout.timeFormats.allSatisfy { $0 == "auto" || StampFormat($0) != nil }, "\(format.name)")
            #expect(layout.timeZone.map { LocalClock($0) != nil } ?? true, "\(format.name)")
            #expect(layout.correction.map { Correction($0) != nil } ?? true, "\(format.name)")
            for (measure, unit) in layout.units { #expect(MeasureUnit(unit, of: measure) != nil, "\(format.name)") }
            #expect(Set(layout.columns.keys).isSubset(of: FileLayout.names), "\(format.name)")
            #expect(Set(layout.parameters.values).isSubset(of: RowValues.order), "\(format.name)")
        }
    }

    @Test func ukAirHasItsHeaderBelowNotesAndEndsDaysAt24() throws {
        var layout = try layout("uk-air")
        layout.station = "Aberdeen"
        let (readings, rejected, _) = try rows(
            [
                "\"Data supplied by UK-AIR on 7/10/2015\"", "\"All Data GMT hour ending\"", "", "Aberdeen (AURN)", "",
                "Date,Time,PM2.5 particulate matter (Hourly measured),status,unit",
                "2015-01-31,23:00:00,5.1,R,ugm-3", "31/01/2015,24:00,6.5,R,ugm-3", "01-02-2015,01:00,No data,,",
            ], layout)
        #expect(rejected.isEmpty)
        #expect(readings.map(\.hour.description) == ["2015-01-31T22:00Z", "2015-01-31T23:00Z", "2015-02-01T00:00Z"])
        #expect(readings.map(\.measures.pm25.description) == ["5.1", "6.5", "nan"])
    }

    @Test func airsisIsInMilligramsAndEndsHours() throws {
        let (readings, _, _) = try rows(
            [
                "MasterTable_ID,Alias,Latitude,Longitude,Date/Time/GMT,COncRT,ConcHr,Flow,W/S,W/D,AT,RHx,RHi,TimeStamp,PDate",
                "1,Camp,47,-120,08/01/2019 01:00:00,0.01,0.0125,16.7,1.2,270,20.5,40,30,x,y",
                "2,Camp,47,-120,08/01/2019 02:00:00,0.01,99.999,16.7,1.2,270,20.5,40,30,x,y",
            ], layout("airsis"))
        #expect(readings.map(\.hour.description) == ["2019-08-01T00:00Z", "2019-08-01T01:00Z"])
        #expect(readings[0].measures.pm25 == 12.5 && readings[1].measures.pm25.isNaN)
        #expect(readings[0].measures.windDirection == 270 && !readings[0].measures.dewPoint.isNaN)
    }

    @Test func clarityHasThePeriodInTwoColumns() throws {
        let (readings, _, _) = try rows(
            [
                "datasourceId,sourceId,startOfPeriod,endOfPeriod,pm2_5ConcMass1HourMean.value,pm2_5ConcMass1HourMean.raw",
                "DABC1,ABC,2024-05-01T00:00:00.000Z,2024-05-01T01:00:00.000Z,8.25,11",
            ], layout("clarity"))
        #expect(readings.map(\.station) == ["DABC1"])
        #expect(readings.map(\.hour.description) == ["2024-05-01T00:00Z"] && readings[0].measures.pm25 == 8.25)
    }

    @Test func theChannelsOfPurpleAirMustAgree() throws {
        var layout = try layout("purpleair")
        layout.station = "PA"
        layout.correction = nil
        let pairs: [(String, String, Float?)] = [
            ("10", "12", 11), ("10", "14.9", 12.45), ("2", "8", nil), ("20", "26", 23), ("100", "40", nil),
            ("7", "", nil),
        ]
        let lines = pairs.enumerated().map { "2024-05-01T0\($0):00:00Z,\($1.0),\($1.1),50,68" }
        let (readings, _, report) = try rows(
            ["time_stamp,pm2.5_cf_1_a,pm2.5_cf_1_b,humidity,temperature"] + lines, layout)
        #expect(readings.map { $0.measures.pm25.isNaN ? nil : $0.measures.pm25 } == pairs.map(\.2))
        #expect(report.lost["the two channels of pm25 differ by 5 µg/m³ and 70 % or more"]?.count == 2)
    }

    @Test func twoEntitiesThatEndAlikeAreRefused() throws {
        var layout = try layout("home-assistant")
        layout.station = "Garden"
        let error = #expect(throws: SourceError.self) {
            try rows(
                [
                    "entity_id,state,last_changed", "sensor.garden_pm25,5,2026-01-05T06:00:00Z",
                    "sensor.kitchen_pm25,9,2026-01-05T06:10:00Z",
                ], layout)
        }
        #expect(error?.message.contains("--parameter pm25=sensor.kitchen_pm25") == true)
    }
}
