/// A two-layer recurrent network: its shape and its weights.
struct Network: Sendable {
    let shape: NetworkShape
    /// All tensors, in the order of `NetworkShape.tensors`.
    var weights: [Float]

    /// - Precondition: `weights.count == shape.parameterCount`.
    init(shape: NetworkShape, weights: [Float]) {
        precondition(weights.count == shape.parameterCount, "\(weights.count) weights for \(shape)")
        self.shape = shape
        self.weights = weights
    }

    /// Runs 16 windows, from a state of zero.
    ///
    /// - Parameters:
    ///   - x: `trace.steps` × inputs, the oldest step first.
    ///   - trace: receives both layers' states at every step, and the outputs in `trace.y`.
    func forward(_ x: UnsafePointer<Lanes>, _ trace: NetworkTrace) {
        weights.withUnsafeBufferPointer { weights in
            guard let w = weights.baseAddress else { return }
            // Known sizes let the compiler unroll the loops of the network that serves by default.
            if shape == .chapter {
                Self.forward(.chapter, w, x, trace)
            } else {
                Self.forward(shape, w, x, trace)
            }
        }
    }

    @inline(__always)
    private static func forward(
        _ shape: NetworkShape, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Lanes>, _ trace: NetworkTrace
    ) {
        let h1 = trace.h1
        let h2 = trace.h2
        for t in 0..<trace.steps {
            let previous1 = h1 + t * shape.hidden1
            let previous2 = h2 + t * shape.hidden2
            let next1 = previous1 + shape.hidden1
            let next2 = previous2 + shape.hidden2
            for j in 0..<shape.hidden1 {
                var s = shape.hasBiases ? Lanes(repeating: w[shape.b1 + j]) : .zero
                addColumn(j, of: w + shape.U, shape.inputs, shape.hidden1, times: x + t * shape.inputs, to: &s)
                addColumn(j, of: w + shape.W1, shape.hidden1, shape.hidden1, times: previous1, to: &s)
                next1[j] = s.tanh()
            }
            for j in 0..<shape.hidden2 {
                var s = shape.hasBiases ? Lanes(repeating: w[shape.b2 + j]) : .zero
                addColumn(j, of: w + shape.Q, shape.hidden1, shape.hidden2, times: next1, to: &s)
                addColumn(j, of: w + shape.W2, shape.hidden2, shape.hidden2, times: previous2, to: &s)
                next2[j] = s.tanh()
            }
        }
        for o in 0..<shape.outputs {
            var y = shape.hasBiases ? Lanes(repeating: w[shape.c + o]) : .zero
            let last = h2 + trace.steps * shape.hidden2
            addColumn(o, of: w + shape.V, shape.hidden2, shape.outputs, times: last, to: &y)
            trace.y[o] = y
        }
    }

    /// sum += Σ_i v[i] · M[i, j] of a row-major matrix M.
    @inline(__always)
    private static func addColumn(
        _ j: Int, of matrix: UnsafePointer<Float>, _ rows: Int, _ columns: Int, times v: UnsafePointer<Lanes>,
        to sum: inout Lanes
    ) {
        for i in 0..<rows {
            sum = sum.adding(v[i], times: matrix[i * columns + j])
        }
    }
}

extension NetworkShape {
    static let chapter = NetworkShape(inputs: 6, hidden1: 2, hidden2: 2, outputs: 1, hasBiases: false)
}
