/// The outputs of `predict` for one window, to the last bit: instead of one unit of 16 windows the lanes hold the units
/// of a layer side by side, so that a window alone takes about a quarter of what 16 take.
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
    if max(shape.hidden1, shape.hidden2) <= Vector.scalarCount {
        run(shape, steps, w, x, isWide: false, y)
    } else {
        run(shape, steps, w, x, isWide: true, y)
    }
}

extension NetworkShape {
    /// Whether `predictSingle` can run it.
    public var fitsSingle: Bool { max(hidden1, hidden2) <= 2 * Vector.scalarCount }
}

/// - Parameter isWide: whether a layer has more than 16 units; constant in each caller, so that the others do without
///   the second vector.
@inline(__always)
private func run(
    _ shape: NetworkShape, _ steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Float>, isWide: Bool,
    _ y: UnsafeMutablePointer<Float>
) {
    let (n1, n2) = (shape.hidden1, shape.hidden2)
    let weights = Weights(w, count: shape.parameterCount, isWide: isWide)
    let bias1 = shape.hasBiases ? weights.units(shape.b1) : (.zero, .zero)
    let bias2 = shape.hasBiases ? weights.units(shape.b2) : (.zero, .zero)
    withUnsafeTemporaryAllocation(of: Vector.self, capacity: 4) { states in
        guard let states = states.baseAddress else { return }
        states.initialize(repeating: .zero, count: 4)
        let h1 = UnsafeMutableRawPointer(states).assumingMemoryBound(to: Float.self)
        let h2 = h1 + 2 * Vector.scalarCount
        for t in 0..<steps {
            var s = bias1
            weights.add(shape.U, columns: n1, times: x + t * shape.inputs, shape.inputs, to: &s)
            weights.add(shape.W1, columns: n1, times: h1, n1, to: &s)
            states[0] = s.0.tanh()
            if isWide { states[1] = s.1.tanh() }
            s = bias2
            weights.add(shape.Q, columns: n2, times: h1, n2 > 0 ? n1 : 0, to: &s)
            weights.add(shape.W2, columns: n2, times: h2, n2, to: &s)
            states[2] = s.0.tanh()
            if isWide { states[3] = s.1.tanh() }
        }
        let last = n2 > 0 ? h2 : h1
        let width = (isWide ? 2 : 1) * Vector.scalarCount
        for first in stride(from: 0, to: shape.outputs, by: width) {
            var s = shape.hasBiases ? weights.units(shape.c + first) : (.zero, .zero)
            weights.add(shape.V + first, columns: shape.outputs, times: last, shape.lastHidden, to: &s)
            for unit in 0..<min(width, shape.outputs - first) {
                y[first + unit] = unit < Vector.scalarCount ? s.0[unit] : s.1[unit - Vector.scalarCount]
            }
        }
    }
}

/// Up to 32 units of a layer, 16 in each vector; the second is used in wide networks only.
private typealias Units = (Vector, Vector)

/// Weights of which 16 or 32 are read at once, of whatever tensor: what belongs to other columns goes into lanes that
/// nobody reads.
private struct Weights {
    private let start: UnsafePointer<Float>
    private let count: Int
    private let isWide: Bool

    @inline(__always)
    init(_ start: UnsafePointer<Float>, count: Int, isWide: Bool) {
        self.start = start
        self.count = count
        self.isWide = isWide
    }

    private subscript(offset: Int) -> Vector {
        @inline(__always) get {
            if offset + Vector.scalarCount <= count {
                return UnsafeRawPointer(start + offset).loadUnaligned(as: Vector.self)
            }
            var rest = Vector.zero
            for weight in offset..<max(offset, count) { rest[weight - offset] = start[weight] }
            return rest
        }
    }

    @inline(__always)
    func units(_ offset: Int) -> Units { (self[offset], isWide ? self[offset + Vector.scalarCount] : .zero) }

    /// s += Σ_k v[k] · row k of a matrix that begins at an offset.
    @inline(__always)
    func add(_ offset: Int, columns: Int, times v: UnsafePointer<Float>, _ rows: Int, to s: inout Units) {
        for k in 0..<rows {
            s.0 = s.0.adding(self[offset + k * columns], times: v[k])
            if isWide { s.1 = s.1.adding(self[offset + k * columns + Vector.scalarCount], times: v[k]) }
        }
    }
}
