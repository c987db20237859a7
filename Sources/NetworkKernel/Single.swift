/// The outputs of `predict` for one window, to the last bit: instead of one unit of 16 windows the lanes hold the units of a layer
/// side by side, so that a window alone takes about a quarter of what 16 take.
///
/// - Precondition: `shape.fitsSingle`.
/// - Parameters:
///   - w: `shape.parameterCount` weights.
///   - x: steps × inputs, the oldest step first.
///   - y: receives `shape.outputs` outputs after the last step.
public func predictSingle(
    _ shape: NetworkShape, steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>
) {
    let (n1, n2) = (shape.hidden1, shape.hidden2)
    let weights = Weights(w, count: shape.parameterCount)
    let bias1 = shape.hasBiases ? weights[shape.b1] : .zero
    let bias2 = shape.hasBiases ? weights[shape.b2] : .zero
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 2) { states in
        guard let states = states.baseAddress else { return }
        states.initialize(repeating: .zero, count: 2)
        let h1 = UnsafeMutableRawPointer(states).assumingMemoryBound(to: Float.self)
        let h2 = h1 + Vector.scalarCount
        for t in 0..<steps {
            var s = bias1
            weights.add(shape.U, columns: n1, times: x + t * shape.inputs, shape.inputs, to: &s)
            weights.add(shape.W1, columns: n1, times: h1, n1, to: &s)
            states[0] = s.tanh()
            s = bias2
            weights.add(shape.Q, columns: n2, times: h1, n2 > 0 ? n1 : 0, to: &s)
            weights.add(shape.W2, columns: n2, times: h2, n2, to: &s)
            states[1] = s.tanh()
        }
        let last = n2 > 0 ? h2 : h1
        for first in stride(from: 0, to: shape.outputs, by: Vector.scalarCount) {
            var s = shape.hasBiases ? weights[shape.c + first] : .zero
            weights.add(shape.V + first, columns: shape.outputs, times: last, shape.lastHidden, to: &s)
            for column in first..<min(first + Vector.scalarCount, shape.outputs) { y[column] = s[column - first] }
        }
    }
}

extension NetworkShape {
    /// Whether `predictSingle` can run it.
    public var fitsSingle: Bool { max(hidden1, hidden2) <= Vector.scalarCount }
}

/// Weights of which 16 are read at once, of whatever tensor: what belongs to other columns goes into lanes that nobody reads.
private struct Weights {
    private let start: UnsafePointer<Float>
    private let count: Int

    init(_ start: UnsafePointer<Float>, count: Int) {
        self.start = start
        self.count = count
    }

    subscript(offset: Int) -> Vector {
        @inline(__always) get {
            if offset + Vector.scalarCount <= count {
                return UnsafeRawPointer(start + offset).loadUnaligned(as: Vector.self)
            }
            var rest = Vector.zero
            for weight in offset..<max(offset, count) { rest[weight - offset] = start[weight] }
            return rest
        }
    }

    /// s += Σ_k v[k] · row k of a matrix that begins at an offset.
    @inline(__always)
    func add(_ offset: Int, columns: Int, times v: UnsafePointer<Float>, _ rows: Int, to s: inout Vector) {
        for k in 0..<rows { s = s.adding(self[offset + k * columns], times: v[k]) }
    }
}
