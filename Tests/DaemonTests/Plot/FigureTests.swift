import Foundation
import Testing

@testable import Daemon
@testable import Forecast
@testable import Plot

@Suite struct FigureTests {
    /// Hours whose pm25 rises and falls; every seventh is missing.
    private func series(hours: Int) -> HourlySeries {
        HourlySeries(
            start: UTCHour(hoursSinceEpoch: 400_000),
            measures: (0..<hours).map { hour in
                Measures(
                    pm25: hour % 7 == 0 ? .nan : 100 + 90 * sin(Float(hour) / 20), dewPoint: 1, temperature: 20,
                    pressure: 1010, windDirection: 45, windSpeed: 2)
            })
    }

    private func model(_ name: String) throws -> Model {
        try Model(json: Data(contentsOf: repository.appending(path: "models/\(name).json")))
    }

    private let repository = URL(filePath: #filePath).appending(path: "../../../..").standardized

    @Test(arguments: ["operational", "chapter"])
    func theLiveFigureShowsSkillCourseAndHowTheBandsHeld(_ name: String) throws {
        let series = series(hours: Backtest.testHours + 2000)
        let current = Scored(model: try model(name), scores: try LiveProtocol(model(name), on: series))
        let previous = Scored(model: try model("chapter"), scores: try LiveProtocol(model("chapter"), on: series))
        let drawing = try Drawing(Figure.live(current, previous: previous).svg)
        for text in ["this model", "persistence", "previous", "forecast", "observed", "PM2.5 in µg/m³"] {
            _ = try drawing.text(text)
        }
        let hasBands = name == "operational"
        #expect(drawing.elements.contains { $0.text == "95 %" } == hasBands)
        #expect(drawing.elements.contains { $0.text == "nominal" } == hasBands)
        // One dot a lead for the skill; with bands, two a lead and two for each level that was forecast.
        let dots = drawing.named("circle").count
        #expect(hasBands ? dots > 3 * Forecast.leads : dots == Forecast.leads)
        #expect(try !Drawing(Figure.live(current, previous: nil).svg).elements.contains { $0.text == "previous" })
    }

    @Test func aYearWithoutObservationsIsDrawnToo() throws {
        var series = series(hours: Backtest.testHours + 2000)
        for index in series.measures.indices.suffix(Backtest.testHours) { series.measures[index].pm25 = .nan }
        let current = Scored(
            model: try model("operational"), scores: try LiveProtocol(model("operational"), on: series))
        let drawing = try Drawing(Figure.live(current, previous: current).svg)
        #expect(drawing.named("circle").isEmpty)
        #expect(!current.scores.json.line.lowercased().contains("nan"))
    }

    @Test func theChaptersFigureHasADotForEveryBlockSize() throws {
        let model = try model("chapter")
        let scored = Scored(
            model: model, scores: try ChapterProtocol(model, on: series(hours: Backtest.testHours + 200)))
        #expect(try Drawing(Figure.chapter(scored, previous: nil).svg).named("circle").count == 4)
        #expect(try Drawing(Figure.chapter(scored, previous: scored).svg).named("circle").count == 8)
    }

    @Test func aTrainingsFigureLaysRunsOfAKindOverEachOtherAndKindsBesideEachOther() throws {
        var history: [TrainingProgress] = []
        for (run, phase) in ["start 1 of 2", "start 2 of 2", "finalist 1", "finish"].enumerated() {
            for epoch in 1...5 {
                var progress = TrainingProgress(epoch: epoch, epochs: 20, phase: phase, loss: 1)
                if phase != "finish" {
                    progress.validationLoss = 0.001 / Double(epoch + run)
                    progress.validationR2 = 1 - 0.1 / Double(epoch + run)
                }
                history.append(progress)
            }
        }
        let drawing = try Drawing(Figure.training(history, of: model("chapter")).svg)
        #expect(drawing.elements.filter { $0.text == "epochs of 2 starts, then of 1 finalist" }.count == 2)
        // Three runs, and the best of each kind once more; the same for loss and R².
        let paths = drawing.named("path").map { $0.attributes["d"] ?? "" }
        #expect(paths.count == 10)
        // 0.001 / (5 + 2) and 1 - 0.1 / 7.
        _ = try drawing.text("0.000143")
        _ = try drawing.text("0.9857")
        func first(_ path: String) -> Double { Double(path.dropFirst().prefix { $0 != "," }) ?? .nan }
        #expect(first(paths[0]) == first(paths[1]) && first(paths[1]) < first(paths[2]))
        #expect(paths[4] == paths[2] && paths[3] == paths[1])
    }

    @Test func aTrainingThatMeasuredNothingGivesAnEmptyFigure() throws {
        let drawing = try Drawing(Figure.training([], of: model("chapter")).svg)
        #expect(drawing.named("path").isEmpty)
    }
}
