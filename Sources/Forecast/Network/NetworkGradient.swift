extension Network {
    /// Backpropagation through time (the chapter's equations 9 to 22) for the 16 windows that `forward` has just run.
    ///
    /// Before the last step the gradient of h1 has two parts: through W1 from the step after it, and through Q from h2
    /// of the same step.
    ///
    /// - Parameters:
    ///   - x: the windows that `forward` was given.
    ///   - trace: what `forward` left behind; receives `ds1` and `ds2`.
    ///   - dy: gradient of the loss by each output.
    ///   - gradient: parameterCount lanes in the order of the weights; what is found is added.
    func backward(
        _ x: UnsafePointer<Lanes>, _ trace: NetworkTrace, dy: UnsafePointer<Lanes>,
        addingTo gradient: UnsafeMutablePointer<Lanes>
    ) {
        weights.withUnsafeBufferPointer { weights in
            guard let w = weights.baseAddress else { return }
            if shape == .chapter {
                Self.backward(.chapter, w, x, trace, dy, gradient)
            } else {
                Self.backward(shape, w, x, trace, dy, gradient)
            }
        }
    }

    /// Gradient of the loss by one input at one step, from the `ds1` that `backward` left in the trace.
    @inline(__always)
    func inputGradient(_ i: Int, step: Int, _ trace: NetworkTrace) -> Lanes {
        var dx = Lanes.zero
        for j in 0..<shape.hidden1 {
            dx += trace.ds1[step * shape.hidden1 + j] * weights[shape.U + i * shape.hidden1 + j]
        }
        return dx
    }

    @inline(__always)
    private static func backward(
        _ shape: NetworkShape, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Lanes>, _ trace: NetworkTrace,
        _ dy: UnsafePointer<Lanes>, _ g: UnsafeMutablePointer<Lanes>
    ) {
        let steps = trace.steps
        let (n1, n2) = (shape.hidden1, shape.hidden2)
        for t in stride(from: steps - 1, through: 0, by: -1) {
            let ds1 = trace.ds1 + t * n1
            let ds2 = trace.ds2 + t * n2
            for j in 0..<n2 {
                let dh =
                    t == steps - 1
                    ? row(j, of: w + shape.V, shape.outputs, times: dy)
                    : row(j, of: w + shape.W2, n2, times: ds2 + n2)
                let h = trace.h2[(t + 1) * n2 + j]
                ds2[j] = dh * (1 - h * h)
            }
            for j in 0..<n1 {
                var dh = row(j, of: w + shape.Q, n2, times: ds2)
                if t < steps - 1 {
                    dh += row(j, of: w + shape.W1, n1, times: ds1 + n1)
                }
                let h = trace.h1[(t + 1) * n1 + j]
                ds1[j] = dh * (1 - h * h)
            }
        }
        addProducts(x, shape.inputs, trace.ds1, n1, steps, to: g + shape.U)
        addProducts(trace.h1, n1, trace.ds1, n1, steps, to: g + shape.W1)
        addProducts(trace.h1 + n1, n1, trace.ds2, n2, steps, to: g + shape.Q)
        addProducts(trace.h2, n2, trace.ds2, n2, steps, to: g + shape.W2)
        addProducts(trace.h2 + steps * n2, n2, dy, shape.outputs, 1, to: g + shape.V)
        if shape.hasBiases {
            addSums(trace.ds1, n1, steps, to: g + shape.b1)
            addSums(trace.ds2, n2, steps, to: g + shape.b2)
            addSums(dy, shape.outputs, 1, to: g + shape.c)
        }
    }

    /// Σ_j M[i, j] · v[j] of a row-major matrix M.
    @inline(__always)
    private static func row(
        _ i: Int, of matrix: UnsafePointer<Float>, _ columns: Int, times v: UnsafePointer<Lanes>
    ) -> Lanes {
        var sum = Lanes.zero
        for j in 0..<columns {
            sum = sum.adding(v[j], times: matrix[i * columns + j])
        }
        return sum
    }

    /// g[i, j] += Σ_t a[t, i] · b[t, j]
    @inline(__always)
    private static func addProducts(
        _ a: UnsafePointer<Lanes>, _ rows: Int, _ b: UnsafePointer<Lanes>, _ columns: Int, _ steps: Int,
        to g: UnsafeMutablePointer<Lanes>
    ) {
        for i in 0..<rows {
            for j in 0..<columns {
                var sum = Lanes.zero
                for t in 0..<steps {
                    sum = sum.adding(a[t * rows + i], times: b[t * columns + j])
                }
                g[i * columns + j] += sum
            }
        }
    }

    /// g[j] += Σ_t a[t, j]
    @inline(__always)
    private static func addSums(
        _ a: UnsafePointer<Lanes>, _ columns: Int, _ steps: Int, to g: UnsafeMutablePointer<Lanes>
    ) {
        for j in 0..<columns {
            var sum = Lanes.zero
            for t in 0..<steps {
                sum += a[t * columns + j]
            }
            g[j] += sum
        }
    }
}
