import NetworkKernel

/// What a network remembers of 16 windows on its way forward, and the room it needs on its way back.
///
/// Not Sendable on purpose: one owner reuses it for one block of windows after another.
final class NetworkTrace {
    let steps: Int
    /// (steps + 1) × hidden1: states of the first layer, row 0 the zero state before the first step.
    let h1: UnsafeMutablePointer<Lanes>
    /// (steps + 1) × hidden2: states of the second layer, row 0 zero.
    let h2: UnsafeMutablePointer<Lanes>
    /// Outputs after the last step.
    let y: UnsafeMutablePointer<Lanes>
    /// steps × hidden1 and steps × hidden2: gradient of the loss by what stands inside the tanh.
    let ds1: UnsafeMutablePointer<Lanes>
    let ds2: UnsafeMutablePointer<Lanes>

    init(_ shape: NetworkShape, steps: Int) {
        self.steps = steps
        h1 = Self.zeros((steps + 1) * shape.hidden1)
        h2 = Self.zeros((steps + 1) * shape.hidden2)
        y = Self.zeros(shape.outputs)
        ds1 = Self.zeros(steps * shape.hidden1)
        ds2 = Self.zeros(steps * shape.hidden2)
    }

    deinit {
        for pointer in [h1, h2, y, ds1, ds2] {
            pointer.deallocate()
        }
    }

    private static func zeros(_ count: Int) -> UnsafeMutablePointer<Lanes> {
        let pointer = UnsafeMutablePointer<Lanes>.allocate(capacity: count)
        pointer.initialize(repeating: .zero, count: count)
        return pointer
    }
}
