/// What a forecast rests on. It describes the readings; the model that was used stands beside it.
package enum ForecastBasis: String, Sendable, CaseIterable {
    /// All 24 hours of the window have PM2.5.
    case full
    /// Some hours of the window lack PM2.5.
    case partial
    /// Too few hours have PM2.5 for a model: the last reading, with bands.
    case persistence
}
