package import Forecast

/// The history of one station: what training and backtests read.
package struct StationSeries: Sendable {
    /// Name of the station or of the file, unique in a folder.
    package let id: String
    /// ISO 3166 code of the country, such as `CN`; nil where it is not known.
    package var country: String?
    /// Name that all stations of a town share; nil where it is not known.
    package var place: String?
    /// The readings, with the station's coordinates where they are known.
    package var series: HourlySeries

    /// A history from its parts.
    package init(id: String, country: String? = nil, place: String? = nil, series: HourlySeries) {
        self.id = id
        self.country = country
        self.place = place
        self.series = series
    }

    /// The histories in a file or a folder, in the order of `SeriesFiles`; of rows that are left out nothing is said.
    ///
    /// - Throws: `SourceError`, as `SeriesFiles`.
    package static func load(_ path: String, as file: SeriesFiles.File = .init()) throws(SourceError) -> [StationSeries]
    {
        try SeriesFiles(path, as: file).load().map(\.station)
    }
}
