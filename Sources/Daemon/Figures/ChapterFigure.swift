import Forecast
import Plot

extension Figure {
    /// R² by the hours that are forecast, in the chapter's protocol.
    static func chapter(_ current: Scored<ChapterProtocol>, previous: Scored<ChapterProtocol>?) -> Figure {
        func byHours(_ blocks: [Int: ChapterProtocol.BlockScore]) -> [(x: Double, y: Double)] {
            ChapterProtocol.blockSizes.map { (Double($0), blocks[$0]?.r2 ?? .nan) }
        }
        var series = [Plot.Series("persistence", .muted, byHours(current.scores.persistence), as: .dashes)]
        if let previous { series.append(.init("previous", .purple, byHours(previous.scores.blocks), as: .dots)) }
        series.append(.init("this model", .blue, byHours(current.scores.blocks), as: .dots))
        let plot = Plot(
            title: "R² by hours forecast in a row",
            x: Axis(
                "hours in a block, pooled", 0.5...8.5,
                ticks: ChapterProtocol.blockSizes.map { Axis.Tick(value: Double($0), text: "\($0)") }),
            y: Axis("R² on the last year", covering: series.flatMap { $0.points.map(\.y) }),
            series: series)
        return Figure(
            title: "\(current.model.name): the chapter's protocol",
            caption: "\(current.weights) · the weather of the coming hours is known: no live score"
                + (previous.map { " · previous: \($0.name)" } ?? ""),
            rows: [[plot]])
    }
}
