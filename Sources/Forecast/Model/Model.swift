import NetworkKernel

/// A pretrained network, or an ensemble of them, with all that its forecasts depend on.
///
/// A value of this type is complete and consistent: shapes fit the architecture and every number is finite.
public struct Model: Sendable {
    /// What a person calls it; unique in a database.
    public let name: String
    /// The recipe that it was made by: `chapter`, `chapter-single`, `operational` or `world`.
    public let preset: String
    /// What the network computes from what.
    public let architecture: Architecture
    /// Scales of inputs and output.
    public let normalisation: Normalisation
    /// How sure its forecasts are; nil where that was not learnt.
    public let bands: BandTable?
    /// Of a relative model: how sure its forecasts are where a station has a memory, in multiples of the station's RMS change
    /// at the lead. `bands` are in multiples of the window's scale then.
    package let memoryBands: BandTable?
    /// Of a relative model: how sure persistence is at a station of which only an hour or two are known, in multiples of the
    /// window's scale.
    package let persistenceBands: BandTable?
    /// Of a relative model: what a change at each lead is clipped to, in multiples of the window's scale.
    package let limits: [ClosedRange<Float>]?
    /// How it was trained, an object for people and for `train` to repeat.
    public let training: JSONValue
    /// Scores that were measured when it was made, an object.
    public let scores: JSONValue
    /// SHA-256 in lower-case hex of all that a forecast depends on, see `Model.digest`.
    public let sha256: String
    /// The ensemble's members, of one shape.
    let networks: [Network]

    /// - Parameter weights: of all members, one after another.
    init(
        name: String, preset: String, architecture: Architecture, normalisation: Normalisation, weights: [Float],
        bands: BandTable? = nil, memoryBands: BandTable? = nil, persistenceBands: BandTable? = nil,
        limits: [ClosedRange<Float>]? = nil, training: JSONValue, scores: JSONValue
    ) throws(ForecastError) {
        precondition(normalisation.inputs.count == architecture.inputs.count, "one scale an input")
        precondition(weights.count == architecture.parameterCount, "weights for every member")
        let scales = normalisation.inputs + [normalisation.output]
        guard scales.allSatisfy({ $0.offset.isFinite && $0.scale.isFinite && $0.scale > 0 }) else {
            throw ForecastError(.notFinite, "a model's scales must be finite and above zero")
        }
        guard weights.allSatisfy(\.isFinite) else {
            throw ForecastError(.notFinite, "a model's weights must be finite")
        }
        self.name = name
        self.preset = preset
        self.architecture = architecture
        // Adding zero turns -0 into 0: PostgreSQL's jsonb knows no -0, and the checksum must survive a stay there.
        self.normalisation = Normalisation(
            inputs: normalisation.inputs.map { Normalisation.Scale(offset: $0.offset + 0, scale: $0.scale) },
            output: Normalisation.Scale(offset: normalisation.output.offset + 0, scale: normalisation.output.scale))
        let count = architecture.shape.parameterCount
        self.networks = (0..<architecture.members).map { member in
            Network(
                shape: architecture.shape, weights: weights[member * count..<(member + 1) * count].map { $0 + 0 })
        }
        self.bands = bands
        self.memoryBands = memoryBands
        self.persistenceBands = persistenceBands
        self.limits = limits
        self.training = training
        self.scores = scores
        self.sha256 = Self.digest(
            architecture, self.normalisation, networks, bands: bands, memoryBands: memoryBands,
            persistenceBands: persistenceBands, limits: limits)
    }

    /// The same model by another name.
    func named(_ name: String) throws(ForecastError) -> Model {
        try Model(
            name: name, preset: preset, architecture: architecture, normalisation: normalisation,
            weights: networks.flatMap(\.weights), bands: bands, memoryBands: memoryBands,
            persistenceBands: persistenceBands, limits: limits, training: training, scores: scores)
    }

    /// The same model with other scores.
    public func with(scores: JSONValue) throws(ForecastError) -> Model {
        try with(bands: bands, scores: scores)
    }

    func with(bands: BandTable?, scores: JSONValue) throws(ForecastError) -> Model {
        try Model(
            name: name, preset: preset, architecture: architecture, normalisation: normalisation,
            weights: networks.flatMap(\.weights), bands: bands, memoryBands: memoryBands,
            persistenceBands: persistenceBands, limits: limits, training: training, scores: scores)
    }
}
