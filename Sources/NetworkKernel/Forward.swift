/// Runs 16 windows through a network, from a state of zero, and keeps what `backward` needs.
///
/// - Parameters:
///   - w: `shape.parameterCount` weights.
///   - x: steps × inputs, the oldest step first.
///   - h1: (steps + 1) × hidden1, row 0 zero; receives the first layer's states.
///   - h2: (steps + 1) × hidden2, row 0 zero; receives the second layer's states.
///   - y: receives the outputs after the last step.
public func forward(
    _ shape: NetworkShape, steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    h1: UnsafeMutablePointer<Vector>, h2: UnsafeMutablePointer<Vector>, y: UnsafeMutablePointer<Vector>
) {
    if shape == .chapter {
        runChapter(steps, w, x, keeping: (h1, h2), y)
    } else {
        run(shape, steps, w, x, h1, h2, isKept: true, y)
    }
}

/// The outputs of `forward`, to the last bit and sooner: states are forgotten when the next step has been made of them.
///
/// - Parameter h1, h2: room as for `forward`, row 0 zero.
public func predict(
    _ shape: NetworkShape, steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    h1: UnsafeMutablePointer<Vector>, h2: UnsafeMutablePointer<Vector>, y: UnsafeMutablePointer<Vector>
) {
    if shape == .chapter {
        runChapter(steps, w, x, keeping: nil, y)
    } else {
        run(shape, steps, w, x, h1, h2, isKept: false, y)
    }
}

@inline(__always)
private func run(
    _ shape: NetworkShape, _ steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    _ h1: UnsafeMutablePointer<Vector>, _ h2: UnsafeMutablePointer<Vector>, isKept: Bool,
    _ y: UnsafeMutablePointer<Vector>
) {
    let (n1, n2) = (shape.hidden1, shape.hidden2)
    var row = 0
    for t in 0..<steps {
        // What need not be kept takes turns in rows 1 and 2, which stay in the nearest cache.
        let next = isKept ? t + 1 : 1 + t & 1
        let (previous1, previous2) = (h1 + row * n1, h2 + row * n2)
        let (next1, next2) = (h1 + next * n1, h2 + next * n2)
        layer(
            (w + shape.U, x + t * shape.inputs, shape.inputs), (w + shape.W1, UnsafePointer(previous1), n1),
            bias: shape.hasBiases ? w + shape.b1 : nil, n1
        ) { next1[$0] = $1.tanh() }
        layer(
            (w + shape.Q, UnsafePointer(next1), n1), (w + shape.W2, UnsafePointer(previous2), n2),
            bias: shape.hasBiases ? w + shape.b2 : nil, n2
        ) { next2[$0] = $1.tanh() }
        row = next
    }
    let last = UnsafePointer(n2 > 0 ? h2 + row * n2 : h1 + row * n1)
    layer(
        (w + shape.V, last, shape.lastHidden), (w + shape.V, last, 0),
        bias: shape.hasBiases ? w + shape.c : nil, shape.outputs
    ) { y[$0] = $1 }
}

/// The same for the chapter's shape: its four states never leave the registers.
@inline(__always)
private func runChapter(
    _ steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    keeping h: (UnsafeMutablePointer<Vector>, UnsafeMutablePointer<Vector>)?, _ y: UnsafeMutablePointer<Vector>
) {
    let shape = NetworkShape.chapter
    let (U, W1, Q, W2, V) = (w + shape.U, w + shape.W1, w + shape.Q, w + shape.W2, w + shape.V)
    var h1 = (Vector.zero, Vector.zero)
    var h2 = (Vector.zero, Vector.zero)
    for t in 0..<steps {
        let x = x + t * shape.inputs
        var s = (Vector.zero, Vector.zero)
        for i in 0..<shape.inputs {
            s = (s.0.adding(x[i], times: U[2 * i]), s.1.adding(x[i], times: U[2 * i + 1]))
        }
        s.0 = s.0.adding(h1.0, times: W1[0]).adding(h1.1, times: W1[2])
        s.1 = s.1.adding(h1.0, times: W1[1]).adding(h1.1, times: W1[3])
        h1 = (s.0.tanh(), s.1.tanh())
        s.0 = Vector.zero.adding(h1.0, times: Q[0]).adding(h1.1, times: Q[2])
        s.1 = Vector.zero.adding(h1.0, times: Q[1]).adding(h1.1, times: Q[3])
        s.0 = s.0.adding(h2.0, times: W2[0]).adding(h2.1, times: W2[2])
        s.1 = s.1.adding(h2.0, times: W2[1]).adding(h2.1, times: W2[3])
        h2 = (s.0.tanh(), s.1.tanh())
        if let h {
            (h.0[2 * t + 2], h.0[2 * t + 3]) = h1
            (h.1[2 * t + 2], h.1[2 * t + 3]) = h2
        }
    }
    y[0] = Vector.zero.adding(h2.0, times: V[0]).adding(h2.1, times: V[1])
}

/// A row-major matrix of as many rows as its vector has entries.
private typealias Product = (matrix: UnsafePointer<Float>, vector: UnsafePointer<Vector>, count: Int)

/// Gives `write` each entry of a·A + b·B + bias.
@inline(__always)
private func layer(
    _ a: Product, _ b: Product, bias: UnsafePointer<Float>?, _ columns: Int, _ write: (Int, Vector) -> Void
) {
    inSixes(columns) { j in
        var s: Sums = (.zero, .zero, .zero, .zero, .zero, .zero)
        if let bias {
            s = (
                Vector(repeating: bias[j]), Vector(repeating: bias[j + 1]), Vector(repeating: bias[j + 2]),
                Vector(repeating: bias[j + 3]), Vector(repeating: bias[j + 4]), Vector(repeating: bias[j + 5])
            )
        }
        add6(a.matrix + j, step: columns, column: 1, times: a.vector, a.count, to: &s)
        add6(b.matrix + j, step: columns, column: 1, times: b.vector, b.count, to: &s)
        write(j, s.0)
        write(j + 1, s.1)
        write(j + 2, s.2)
        write(j + 3, s.3)
        write(j + 4, s.4)
        write(j + 5, s.5)
    } _: { j in
        var s = bias.map { Vector(repeating: $0[j]) } ?? .zero
        add1(a.matrix + j, step: columns, times: a.vector, a.count, to: &s)
        add1(b.matrix + j, step: columns, times: b.vector, b.count, to: &s)
        write(j, s)
    }
}
