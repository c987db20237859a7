import ArgumentParser
import Forecast
import Ingest

/// `--data FILE`: one station's history from a file.
struct SeriesOption: ParsableArguments {
    @Option(help: ArgumentHelp("A UCI Beijing PM2.5 or multi-site file of one station.", valueName: "file"))
    var data: String

    /// Reads the file in whichever UCI format its header fits, and says on stderr which rows it leaves out.
    func series() throws(SourceError) -> HourlySeries {
        var (series, rejected) = try read()
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

    private func read() throws(SourceError) -> (series: HourlySeries, rejected: [RejectedRow]) {
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
