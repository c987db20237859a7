import Foundation
import Testing

@testable import Daemon
@testable import Plot

@Suite struct PlotTests {
    private func figure(_ series: [Plot.Series], names: Plot.Names = .atEnds, title: String = "plot") -> Figure {
        let axis = Axis("from 0 to 10", covering: [0, 10])
        return Figure(
            title: title, caption: "a figure",
            rows: [[Plot(title: title, x: axis, y: axis, series: series, names: names)]])
    }

    @Test func pointsStandWhereTheTicksSayThatTheyDo() throws {
        let drawing = try Drawing(figure([.init("some", .blue, [(0, 0), (5, 2.5), (10, 10)], as: .dots)]).svg)
        let dots = drawing.named("circle").map { (x: $0.number("cx"), y: $0.number("cy")) }
        // "10" stands first on the y axis, whose texts end beside it, and then on the x axis, whose texts are centred.
        let tens = drawing.elements.filter { $0.text == "10" }.map(\.attributes)
        let top = try #require(tens.first { $0["text-anchor"] == "end" }?["y"].flatMap { Double($0) })
        let right = try #require(tens.first { $0["text-anchor"] == "middle" }?["x"].flatMap { Double($0) })
        try #require(dots.count == 3)
        // Texts stand 4 pixels below the middle of their line; coordinates have one decimal.
        #expect(abs(dots[2].y - (top - 4)) < 0.11 && abs(dots[2].x - right) < 0.11)
        #expect(dots[0].y > dots[2].y && dots[0].x < dots[2].x)
        #expect(abs(dots[1].x - (dots[0].x + dots[2].x) / 2) < 0.11)
        #expect(abs(dots[1].y - (dots[0].y * 3 + dots[2].y) / 4) < 0.11)
    }

    @Test func whatIsMissingLeavesAGap() throws {
        let holes: [(x: Double, y: Double)] = [
            (0, .nan), (1, 1), (2, 2), (3, .nan), (4, 4), (5, .infinity), (6, 6), (7, 7),
        ]
        let drawing = try Drawing(
            figure([
                .init("line", .blue, holes),
                .init("band", .blue, holes, as: .band(upper: [1, 2, 3, 4, .nan, 6, 7, 8], opacity: 0.2)),
                .init("nothing", .orange, []),
            ]).svg)
        let paths = drawing.named("path").map { $0.attributes["d"] ?? "" }
        // 1–2, 4, 6–7; the band has no upper edge at 4.
        #expect(paths.map { $0.count { $0 == "M" } } == [3, 2, 0])
        #expect(paths[1].count { $0 == "Z" } == 2)
        #expect(!drawing.elements.contains { $0.text == "nothing" })
    }

    @Test func namesAtTheEndsNeverOverlap() throws {
        let series = (0..<5).map { Plot.Series("name \($0)", .blue, [(0, 1), (10, Double($0) * 0.01)]) }
        let drawing = try Drawing(figure(series).svg)
        let heights = try series.map { try drawing.text($0.name ?? "").number("y") }.sorted()
        #expect(zip(heights, heights.dropFirst()).allSatisfy { $1 - $0 >= 15.9 })
        // The lowest stays beside the plot.
        let bottom = try drawing.text("0").number("y")
        #expect(try #require(heights.last) <= bottom + 0.1)
    }

    @Test func aLegendNamesEverySeriesFromLeftToRight() throws {
        let series: [Plot.Series] = [
            .init("band", .blue, [(0, 1)], as: .band(upper: [2], opacity: 0.2)), .init("line", .orange, [(0, 1)]),
        ]
        let drawing = try Drawing(figure(series, names: .inLegend).svg)
        #expect(try drawing.text("band").number("x") < drawing.text("line").number("x"))
    }

    @Test func anyTextIsWellFormed() throws {
        let title = "a<b>&\"c\"'\u{1}\u{FFFF} Пекин"
        let drawing = try Drawing(figure([], title: title).svg)
        #expect(drawing.named("title").map(\.text) == ["a<b>&\"c\"'\u{FFFD}\u{FFFD} Пекин"])
    }

    @Test func lightAndDarkHaveTonesAndThereIsNoBackground() throws {
        let drawing = try Drawing(figure([.init("some", .purple, [(0, 0), (1, 1)])]).svg)
        let style = try #require(drawing.named("style").first?.text)
        for ink in Ink.allCases {
            #expect(style.count(of: ".\(ink){color:#") == 3, "\(ink): without a scheme, light and dark")
        }
        #expect(style.contains("prefers-color-scheme:light") && style.contains("prefers-color-scheme:dark"))
        // The one rectangle is what the plot is clipped to.
        #expect(drawing.named("rect").count == drawing.named("clipPath").count)
        for element in drawing.elements {
            #expect(["none", "currentColor", nil].contains(element.attributes["fill"]))
            #expect(["currentColor", nil].contains(element.attributes["stroke"]))
        }
    }

    @Test func axesEndAtRoundNumbers() {
        let cases: [(values: [Double], ticks: [String])] = [
            ([-0.31, 0.37], ["−0.4", "−0.2", "0.0", "0.2", "0.4"]),
            ([3, 612], ["0", "200", "400", "600", "800"]),
            ([0.000_23, 0.000_31], ["0.00022", "0.00024", "0.00026", "0.00028", "0.00030", "0.00032"]),
            ([5, 5], ["5", "6"]),
            ([.nan, .infinity], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ]
        for (values, ticks) in cases {
            let axis = Axis("", covering: values)
            #expect(axis.ticks.map(\.text) == ticks, "\(values)")
            #expect(values.filter(\.isFinite).allSatisfy { axis.range.contains($0) })
        }
    }
}

extension String {
    fileprivate func count(of text: String) -> Int { components(separatedBy: text).count - 1 }
}
