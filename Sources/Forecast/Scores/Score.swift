/// How far predictions were from what was observed; grows by one pair at a time.
public struct Score: Sendable, Equatable {
    /// Pairs scored.
    public private(set) var n = 0
    private var squaredErrors = 0.0
    private var absoluteErrors = 0.0
    private var errors = 0.0
    private var meanObserved = 0.0
    private var squaredDeviations = 0.0

    /// A score of nothing yet.
    public init() {}

    /// Adds one pair, in the same unit.
    public mutating func add(predicted: Float, observed: Float) {
        let error = Double(predicted) - Double(observed)
        n += 1
        squaredErrors += error * error
        absoluteErrors += abs(error)
        errors += error
        // Welford's update: the observed values' variance without cancellation.
        let deviation = Double(observed) - meanObserved
        meanObserved += deviation / Double(n)
        squaredDeviations += deviation * (Double(observed) - meanObserved)
    }

    /// Mean squared error, in the unit squared; NaN where nothing was scored.
    public var mse: Double { squaredErrors / Double(n) }
    /// Root mean squared error.
    public var rmse: Double { mse.squareRoot() }
    /// Mean absolute error.
    public var mae: Double { absoluteErrors / Double(n) }
    /// Mean of predicted − observed.
    public var bias: Double { errors / Double(n) }
    /// Share of the observed variance that is explained.
    public var r2: Double { 1 - squaredErrors / squaredDeviations }

    /// 1 − MSE / MSE of the baseline; 0 is no better, 1 is perfect.
    public func skill(against baseline: Score) -> Double { 1 - mse / baseline.mse }
}
