import Forecast

/// Rows of UCI data set 381: `No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir`.
///
/// `cbwd` is NE, SE, NW or `cv` (calm and variable); `Iws` is m/s accumulated while the direction stays the same, and the
/// hourly speed is its difference. Row number 1 begins the series, so its sum is its own; any other first row of a file
/// may stand in the middle of a sum and its speed is missing. Snow and rain (`Is`, `Ir`) are left out.
struct UCIBeijing: RowReader {
    let measures = MeasureColumn.allCases
    let used: Set<String> = [
        "No", "year", "month", "day", "hour", "pm2.5", "DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir",
    ]
    private let station: String
    private let date: DateColumns
    private let number, pm25, dewPoint, temperature, pressure, direction, accumulated: Int
    private var hours: HourReader
    private var wind = AccumulatedWind()

    init(header: CSVHeader, station: String, clock: LocalClock) throws(SourceError) {
        self.station = station
        date = try DateColumns(header)
        number = try header.index(of: "No")
        pm25 = try header.index(of: "pm2.5")
        dewPoint = try header.index(of: "DEWP")
        temperature = try header.index(of: "TEMP")
        pressure = try header.index(of: "PRES")
        direction = try header.index(of: "cbwd")
        accumulated = try header.index(of: "Iws")
        hours = HourReader(clock: clock)
    }

    mutating func reading(from record: CSVRecord) throws(RowFault) -> ParsedReading {
        let hour = try hours.hour(date.stamp(record), station: station)
        let from = try Wind.word(record[direction], "cbwd")
        // At double precision: a difference of two sums in the hundreds would lose the hundredths as a Float.
        let sum = try record[accumulated].decimal("Iws", as: Double.self)
        let speed = wind.speed(at: hour, wind: from, sum: sum, beginsSeries: record[number].elementsEqual("1".utf8))
        guard Float(sum).isFinite || sum.isNaN else {
            throw RowFault("Iws: \(record[accumulated].shown) does not fit a 32-bit number")
        }
        return ParsedReading(
            station: station, hour: hour,
            measures: Measures(
                pm25: try record[pm25].number("pm2.5"), dewPoint: try record[dewPoint].number("DEWP"),
                temperature: try record[temperature].number("TEMP"), pressure: try record[pressure].number("PRES"),
                windDirection: from.degrees, windSpeed: Float(speed)))
    }
}

/// The columns `year`, `month`, `day` and `hour` of both UCI data sets.
struct DateColumns {
    private let year, month, day, hour: Int

    init(_ header: CSVHeader) throws(SourceError) {
        year = try header.index(of: "year")
        month = try header.index(of: "month")
        day = try header.index(of: "day")
        hour = try header.index(of: "hour")
    }

    func stamp(_ record: CSVRecord) throws(RowFault) -> LocalStamp {
        try LocalStamp(
            year: record[year].integer("year"), month: record[month].integer("month"),
            day: record[day].integer("day"), hour: record[hour].integer("hour"))
    }
}
