import Forecast

/// Rows of UCI data set 501: `No,year,month,day,hour,PM2.5,…,TEMP,PRES,DEWP,RAIN,wd,WSPM,station`.
///
/// `wd` is one of 16 compass points, `WSPM` the hour's own speed in m/s. The other pollutants and rain are left out.
struct UCIMultisite: RowReader {
    let measures = MeasureColumn.allCases
    let used: Set<String>
    private let date: DateColumns
    private let pm25, dewPoint, temperature, pressure, direction, speed, station: Int
    private var hours: HourReader

    init(header: CSVHeader, clock: LocalClock) throws(SourceError) {
        used = Set(header.names)
        date = try DateColumns(header)
        pm25 = try header.index(of: "PM2.5")
        dewPoint = try header.index(of: "DEWP")
        temperature = try header.index(of: "TEMP")
        pressure = try header.index(of: "PRES")
        direction = try header.index(of: "wd")
        speed = try header.index(of: "WSPM")
        station = try header.index(of: "station")
        hours = HourReader(clock: clock)
    }

    mutating func reading(from record: CSVRecord) throws(RowFault) -> ParsedReading {
        let name = try record[station].stationName()
        let hour = try hours.hour(date.stamp(record), station: name)
        return ParsedReading(
            station: name, hour: hour,
            measures: Measures(
                pm25: try record[pm25].number("PM2.5"), dewPoint: try record[dewPoint].number("DEWP"),
                temperature: try record[temperature].number("TEMP"), pressure: try record[pressure].number("PRES"),
                windDirection: try Wind.word(record[direction], "wd").degrees,
                windSpeed: try record[speed].number("WSPM")))
    }
}
