import Forecast
import Foundation

/// The scores of many stations as a table: a row per station, then per country, then the mean.
struct WorldReport {
    let title: String
    let scores: WorldBacktest

    /// Leads at which persistence's RMSE is shown.
    private static let persistenceLeads = [1, 8, 24]

    private typealias Value = (StationBacktest) -> Double

    private struct Column {
        let name: String
        let digits: Int
        let value: Value

        init(_ name: String, _ digits: Int, _ value: @escaping Value) {
            self.name = name
            self.digits = digits
            self.value = value
        }
    }

    private let columns: [Column]

    init(title: String, scores: WorldBacktest) {
        self.title = title
        self.scores = scores
        var columns: [Column] = []
        for lead in Self.persistenceLeads {
            columns.append(Column("RMSE \(lead)", 1) { $0.persistence[lead - 1].rmse })
        }
        columns.append(Column("skill", 3) { $0.meanSkill($0.model.leads) })
        for lead in LiveProtocol.quotedLeads {
            columns.append(Column("\(lead) h", 2) { $0.skill($0.model.leads)[lead - 1] })
        }
        columns.append(Column("climate", 2) { $0.meanSkill($0.climatology) })
        columns.append(Column("ridge", 2) { $0.ridgeMeanSkill })
        columns.append(Column("80 %", 2) { Self.mean($0.model.bands.map(\.coverage80)) })
        columns.append(Column("95 %", 2) { Self.mean($0.model.bands.map(\.coverage95)) })
        columns.append(Column("adapted", 3) { $0.meanSkill($0.adapted.leads) })
        self.columns = columns
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// The table and what its columns are.
    var text: String {
        var table = TextTable(header: ["station", "", "n"] + columns.map(\.name))
        func row(_ name: String, _ country: String, _ n: String, _ value: (Value) -> Double) {
            table.add([name, country, n] + columns.map { TextTable.fixed(value($0.value), $0.digits) })
        }
        for station in scores.stations {
            let country = station.station.country
            row(
                station.station.id + (station.counts ? "" : " *"), country == station.station.id ? "" : country,
                "\(station.persistence[0].n)"
            ) { $0(station) }
        }
        let countries = Dictionary(grouping: scores.counted, by: \.station.country)
        for country in countries.keys.sorted() {
            let stations = countries[country] ?? []
            let hours = stations.reduce(0) { $0 + $1.persistence[0].n }
            row(stations.count == 1 ? "1 station" : "\(stations.count) stations", country, "\(hours)") {
                scores.byCountry($0)[country] ?? .nan
            }
        }
        row("mean of \(countries.count) countries", "", "") { scores.mean($0) }
        return "\(title), µg/m³: protocol live\n\n\(table.text)\n\n" + notes
    }

    private var notes: String {
        let leads = LiveProtocol.quotedLeads.map(String.init).joined(separator: ", ")
        let persistence = Self.persistenceLeads.map(String.init).joined(separator: ", ")
        var lines = [
            "RMSE: of persistence at \(persistence) hours; skill: mean over the leads \(leads), then at each",
            "climate: mean skill of the mean at that hour of the day; ridge: of ridge regression fitted there before",
            "80 %, 95 %: share of the observations inside the bands, over all leads",
            "adapted: mean skill had the changes followed the station's own outcomes",
        ]
        let uncounted = scores.stations.filter { !$0.counts }
        if !uncounted.isEmpty { lines.append("* in no mean:") }
        lines += uncounted.map { "  \($0.station.id): \($0.reason ?? "")" }
        return lines.joined(separator: "\n")
    }
}
