import Foundation
import Testing

@testable import Forecast

/// Models outlive the programs that made them: every file that ever came with a release is still read and means the same.
struct FormatTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Formats")

    /// `Formats/VERSION/NAME.json`, as it was in the release of that version.
    static let files: [String] = {
        let paths = FileManager.default.subpaths(atPath: folder.path()) ?? []
        return paths.filter { $0.hasSuffix(".json") }.sorted()
    }()

    @Test func noneIsForgotten() {
        #expect(Self.files == ["0.1.0/chapter.json", "0.1.0/operational.json"])
    }

    @Test(arguments: files) func everyFormatIsRead(_ file: String) throws {
        let data = try Data(contentsOf: Self.folder.appending(path: file))
        let model = try Model(json: data)
        // The checksum covers all that a forecast depends on, so this is the same model; the numbers guard the arithmetic.
        let steps = (0..<Window.length).map { hour in
            Measures(
                pm25: 80 + Float(hour), dewPoint: -5, temperature: 4, pressure: 1021, windDirection: 90, windSpeed: 2.5)
        }
        let forecast = model.forecast([Window(origin: UTCHour(hoursSinceEpoch: 390_012), steps: steps)])[0]
        let expected = try #require(Self.forecasts[file])
        for (lead, pm25) in zip([1, 12, 24], expected) {
            // Rounding differs between processors by far less.
            #expect(abs(forecast.pm25[lead - 1] - pm25) < 0.05, "lead \(lead): \(forecast.pm25[lead - 1])")
        }
        #expect((forecast.bands != nil) == file.hasSuffix("operational.json"))
        #expect(try Model(json: model.json()).sha256 == model.sha256)
    }

    /// pm25 at leads 1, 12 and 24, as the release gave them.
    private static let forecasts: [String: [Float]] = [
        "0.1.0/chapter.json": [103.914, 111.116, 115.188], "0.1.0/operational.json": [105.150, 107.981, 93.147],
    ]
}
