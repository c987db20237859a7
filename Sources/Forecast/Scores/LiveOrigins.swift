/// Consecutive hours of a series as origins of live forecasts.
struct LiveOrigins {
    let series: HourlySeries
    /// Every hour, gaps carried forward without limit.
    let rows: [Measures]
    /// Rows that are origins.
    let range: Range<Int>

    init(_ series: HourlySeries, _ range: Range<Int>) {
        self.series = series
        self.range = range
        rows = series.filled(pm25: .carried)
    }

    /// The window of each origin.
    var windows: [Window] {
        range.map { origin in
            Window(
                origin: series.start.advanced(by: origin), steps: Array(rows[origin - Window.length + 1...origin]))
        }
    }

    /// What is known of the station at each origin.
    var contexts: [StationContext] {
        Array(repeating: StationContext(longitude: series.longitude), count: range.count)
    }

    /// pm25 observed at a lead after an origin, NaN where it was not.
    func observed(_ origin: Int, _ lead: Int) -> Float {
        origin + lead < rows.count ? series.measures[origin + lead].pm25 : .nan
    }
}
