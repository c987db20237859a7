/// What the two protocols share.
public enum Backtest {
    /// The test year: the last 365 days of a series, calendar 2014 of the Beijing series 2010–2014.
    public static let testHours = 8760

    /// First row of the test year.
    ///
    /// - Throws: `tooLittleData` where not even one window stands before it.
    static func firstTestRow(of series: HourlySeries) throws(ForecastError) -> Int {
        let first = series.measures.count - testHours
        guard first >= Window.length else {
            throw ForecastError(
                .tooLittleData,
                "a backtest needs \(testHours + Window.length) hours, a year and a day; the data have "
                    + "\(series.measures.count)")
        }
        guard series.measures.prefix(first).contains(where: { !$0.pm25.isNaN }) else {
            throw ForecastError(.tooLittleData, "no hour before the test year has a pm25")
        }
        return first
    }
}
