/// Runs 16 windows through a network, from a state of zero.
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
    // Known sizes let the compiler unroll the loops.
    if shape == .chapter {
        run(.chapter, steps, w, x, h1, h2, y)
    } else {
        run(shape, steps, w, x, h1, h2, y)
    }
}

@inline(__always)
private func run(
    _ shape: NetworkShape, _ steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    _ h1: UnsafeMutablePointer<Vector>, _ h2: UnsafeMutablePointer<Vector>, _ y: UnsafeMutablePointer<Vector>
) {
    let (n1, n2) = (shape.hidden1, shape.hidden2)
    for t in 0..<steps {
        let (previous1, previous2) = (h1 + t * n1, h2 + t * n2)
        let (next1, next2) = (previous1 + n1, previous2 + n2)
        layer(
            (w + shape.U, x + t * shape.inputs, shape.inputs), (w + shape.W1, UnsafePointer(previous1), n1),
            bias: shape.hasBiases ? w + shape.b1 : nil, n1
        ) { next1[$0] = $1.tanh() }
        layer(
            (w + shape.Q, UnsafePointer(next1), n1), (w + shape.W2, UnsafePointer(previous2), n2),
            bias: shape.hasBiases ? w + shape.b2 : nil, n2
        ) { next2[$0] = $1.tanh() }
    }
    let last = UnsafePointer(n2 > 0 ? h2 + steps * n2 : h1 + steps * n1)
    layer(
        (w + shape.V, last, shape.lastHidden), (w + shape.V, last, 0),
        bias: shape.hasBiases ? w + shape.c : nil, shape.outputs
    ) { y[$0] = $1 }
}

/// A row-major matrix of as many rows as its vector has entries.
private typealias Product = (matrix: UnsafePointer<Float>, vector: UnsafePointer<Vector>, count: Int)

/// Gives `write` each entry of a·A + b·B + bias.
@inline(__always)
private func layer(
    _ a: Product, _ b: Product, bias: UnsafePointer<Float>?, _ columns: Int, _ write: (Int, Vector) -> Void
) {
    inFours(columns) { j in
        var s: Quad = (.zero, .zero, .zero, .zero)
        if let bias {
            s = (
                Vector(repeating: bias[j]), Vector(repeating: bias[j + 1]), Vector(repeating: bias[j + 2]),
                Vector(repeating: bias[j + 3])
            )
        }
        add4(a.matrix + j, step: columns, column: 1, times: a.vector, a.count, to: &s)
        add4(b.matrix + j, step: columns, column: 1, times: b.vector, b.count, to: &s)
        write(j, s.0)
        write(j + 1, s.1)
        write(j + 2, s.2)
        write(j + 3, s.3)
    } _: { j in
        var s = bias.map { Vector(repeating: $0[j]) } ?? .zero
        add1(a.matrix + j, step: columns, times: a.vector, a.count, to: &s)
        add1(b.matrix + j, step: columns, times: b.vector, b.count, to: &s)
        write(j, s)
    }
}
