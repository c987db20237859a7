import Forecast
import Ingest

extension WorldStation {
    /// A station of `--data`; one of an unknown country is a country of its own.
    init(_ station: StationSeries) {
        self.init(id: station.id, country: station.country ?? station.id, series: station.series)
    }
}
