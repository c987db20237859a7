import ArgumentParser
import Forecast
import Ingest

/// `--data FILE`: one station's history from a file.
struct SeriesOption: ParsableArguments {
    @Option(help: ArgumentHelp("A UCI Beijing PM2.5 or multi-site file of one station.", valueName: "file"))
    var data: String

    /// The file's series, see `series(of:)`.
    func series() throws(SourceError) -> HourlySeries { try Self.series(of: data) }

    /// Reads a file in whichever UCI format its header fits, and says on stderr which rows it leaves out.
    static func series(of data: String) throws(SourceError) -> HourlySeries {
        var (series, rejected) = try read(data)
        // Both data sets are of Beijing.
        series.longitude = 116.4
        for row in rejected.prefix(10) {
            StandardError.print("\(data):\(row.line): \(row.reason)")
        }
        if !rejected.isEmpty {
            StandardError.print("\(data): \(rejected.count) rows left out")
        }
        return series
    }

    private static func read(_ data: String) throws(SourceError) -> (series: HourlySeries, rejected: [RejectedRow]) {
        do {
            return try HourlySeries.reading(data, format: .uciBeijing(station: data))
        } catch  where error.code == .header {
            do {
                return try HourlySeries.reading(data, format: .uciMultisite())
            } catch  where error.code == .header {
                throw SourceError(
                    .header, file: data, "its header is neither that of UCI's Beijing PM2.5 nor its multi-site data")
            }
        }
    }
}
