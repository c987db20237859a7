/// The chapter's own protocol: block predictions over the last year, the weather of every hour being the observed one.
///
/// It is kept to compare with the published table. It is no live score: nobody knows tomorrow's weather. A network that
/// gives changes is scored too, though it makes no use of the weather that it could know here.
public struct ChapterProtocol: Sendable {
    /// Sizes of the blocks, hours.
    public static let blockSizes = [1, 2, 4, 8]

    /// Loss and accuracy over all blocks of one size, pooled.
    public struct BlockScore: Sendable, Equatable {
        /// Σ(a − y)² / n / 2 on values scaled as the model's output is.
        public let loss: Double
        /// Coefficient of determination R².
        public let r2: Double
    }

    /// The model's scores by block size.
    public let blocks: [Int: BlockScore]
    /// Persistence's scores by block size.
    public let persistence: [Int: BlockScore]

    /// Scores a model on a series' last year.
    ///
    /// - Throws: `tooLittleData`.
    public init(_ model: Model, on series: HourlySeries) throws(ForecastError) {
        let first = try Backtest.firstTestRow(of: series)
        let rows = series.filled(pm25: .interpolated)
        var blocks: [Int: BlockScore] = [:]
        var persistence: [Int: BlockScore] = [:]
        for size in Self.blockSizes {
            // The last window's label is the row after it, so the last row begins no window and ends none.
            let starts = stride(from: first, through: rows.count - Window.length - size, by: size)
            let predictions = model.outputs(
                starts.map { start in
                    Model.Place(
                        hours: rows[start..<start + Window.length + size - 1],
                        origin: series.start.advanced(by: start + Window.length - 1),
                        context: StationContext(longitude: series.longitude))
                }, leads: size)
            var score = Score()
            var baseline = Score()
            for (start, predicted) in zip(starts, predictions) {
                for (step, value) in predicted.enumerated() {
                    let observed = rows[start + Window.length + step].pm25
                    score.add(predicted: value, observed: observed)
                    baseline.add(predicted: rows[start + Window.length - 1].pm25, observed: observed)
                }
            }
            blocks[size] = BlockScore(score, scale: model.normalisation.output.scale)
            persistence[size] = BlockScore(baseline, scale: model.normalisation.output.scale)
        }
        self.blocks = blocks
        self.persistence = persistence
    }

    /// The scores of `hazecast backtest --protocol chapter --json`.
    ///
    /// - Parameter model: the one that was scored.
    public func json(for model: Model) -> JSONValue {
        func json(_ scores: [Int: BlockScore]) -> JSONValue {
            .object(
                Dictionary(
                    uniqueKeysWithValues: scores.map { size, score in
                        ("\(size)", .object(["loss": .number(score.loss), "r2": .number(score.r2)]))
                    }))
        }
        return .object([
            "protocol": .string("chapter"), "parameters": .number(model.architecture.parameterCount),
            "blocks": json(blocks), "persistence": json(persistence),
        ])
    }
}

extension ChapterProtocol.BlockScore {
    init(_ score: Score, scale: Float) {
        self.init(loss: score.mse / Double(scale) / Double(scale) / 2, r2: score.r2)
    }
}
