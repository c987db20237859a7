/// A station's series beside what sorts it.
package struct WorldStation: Sendable {
    /// What it is called in reports.
    package let id: String
    /// Two letters of ISO 3166; stations of one country are left out together.
    package let country: String
    let relative: RelativeSeries

    /// A station from its series.
    package init(id: String, country: String, series: HourlySeries) {
        self.id = id
        self.country = country
        relative = RelativeSeries(series)
    }

    /// Rows that models are scored on: the last 365 days, or the last half of a series shorter than two years, at least 60 days.
    var scoredRows: Range<Int> {
        let count = relative.rows.count
        let days = count / 24
        let scored = days < 2 * 365 ? max(60, days / 2) : 365
        return max(0, count - scored * 24)..<count
    }

    /// Rows that the shipped model may learn from: all but the last 365 days of a series longer than a year and a half.
    var learntRows: Range<Int> {
        let count = relative.rows.count
        return 0..<(count > 365 * 36 ? count - 365 * 24 : count)
    }

    /// Whether the shipped model does not learn from the station's last rows, so that it can be scored on them.
    package var isHeldBack: Bool { learntRows.upperBound < relative.rows.count }

    /// Origins among some rows, with enough observed after them to learn from; nothing beyond the rows is looked at.
    func source(_ rows: Range<Int>) -> WorldSamples.Source {
        let end = rows.upperBound
        let origins = relative.origins(in: rows).filter { origin in
            origin + Forecast.leads < end
                && (1...Forecast.leads).count { !relative.observed(origin, $0).isNaN } >= WorldPlan.leastLabels
        }
        return WorldSamples.Source(station: relative, origins: origins, country: country)
    }
}
