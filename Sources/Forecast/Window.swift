/// The 24 consecutive hours that a forecast is made from, gaps filled, oldest first.
///
/// Every measure is finite but for `windDirection`, where NaN is calm or variable wind.
public struct Window: Sendable {
    /// Steps in a window.
    public static let length = 24

    /// The hour of the last step, the last one a forecast may know.
    public let origin: UTCHour
    /// `Window.length` steps, the last one at `origin`.
    public let steps: [Measures]

    /// - Precondition: `steps.count == Window.length`.
    public init(origin: UTCHour, steps: [Measures]) {
        precondition(steps.count == Window.length, "a window has \(Window.length) steps, not \(steps.count)")
        self.origin = origin
        self.steps = steps
    }
}
