import Forecast

/// A model and its scores in one of the protocols.
struct Scored<Scores> {
    let model: Model
    let scores: Scores

    /// `26 weights`.
    var weights: String { "\(model.architecture.parameterCount) weights" }
    /// `chapter, 26 weights`.
    var name: String { "\(model.name), \(weights)" }
}
