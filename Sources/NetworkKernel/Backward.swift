/// Backpropagation through time (the chapter's equations 9 to 22) for the 16 windows that `forward` has just run.
///
/// Before the last step the gradient of h1 has two parts: through W1 from the step after it, and through Q from h2 of the
/// same step. In a network of one layer the output takes the place of h2 at the last step.
///
/// - Parameters:
///   - x: the windows that `forward` was given.
///   - h1, h2: what `forward` left in them.
///   - dy: gradient of the loss by each output.
///   - ds1, ds2: steps × hidden1 and × hidden2; receive the gradient by what stands inside the tanh.
///   - g: parameterCount lanes in the order of the weights; what is found is added.
public func backward(
    _ shape: NetworkShape, steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    h1: UnsafePointer<Vector>, h2: UnsafePointer<Vector>, dy: UnsafePointer<Vector>,
    ds1: UnsafeMutablePointer<Vector>, ds2: UnsafeMutablePointer<Vector>, addingTo g: UnsafeMutablePointer<Vector>
) {
    if shape == .chapter {
        run(.chapter, steps, w, x, h1, h2, dy, ds1, ds2, g)
    } else {
        run(shape, steps, w, x, h1, h2, dy, ds1, ds2, g)
    }
}

@inline(__always)
private func run(
    _ shape: NetworkShape, _ steps: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Vector>,
    _ h1: UnsafePointer<Vector>, _ h2: UnsafePointer<Vector>, _ dy: UnsafePointer<Vector>,
    _ ds1: UnsafeMutablePointer<Vector>, _ ds2: UnsafeMutablePointer<Vector>, _ g: UnsafeMutablePointer<Vector>
) {
    let (n1, n2) = (shape.hidden1, shape.hidden2)
    for t in stride(from: steps - 1, through: 0, by: -1) {
        let isLast = t == steps - 1
        let (next1, next2) = (UnsafePointer(ds1 + (isLast ? 0 : t + 1) * n1), UnsafePointer(ds2 + (t + 1) * n2))
        rows(
            isLast ? (w + shape.V, dy, shape.outputs) : (w + shape.W2, next2, n2), (w, dy, 0), n2
        ) { j, dh in
            let h = h2[(t + 1) * n2 + j]
            ds2[t * n2 + j] = dh * (1 - h * h)
        }
        rows(
            n2 > 0
                ? (w + shape.Q, UnsafePointer(ds2 + t * n2), n2) : (w + shape.V, dy, isLast ? shape.outputs : 0),
            (w + shape.W1, next1, isLast ? 0 : n1), n1
        ) { j, dh in
            let h = h1[(t + 1) * n1 + j]
            ds1[t * n1 + j] = dh * (1 - h * h)
        }
    }
    addProducts(x, shape.inputs, ds1, n1, steps, to: g + shape.U)
    addProducts(h1, n1, ds1, n1, steps, to: g + shape.W1)
    addProducts(h1 + n1, n1, ds2, n2, steps, to: g + shape.Q)
    addProducts(h2, n2, ds2, n2, steps, to: g + shape.W2)
    let last = n2 > 0 ? h2 + steps * n2 : h1 + steps * n1
    addProducts(last, shape.lastHidden, dy, shape.outputs, 1, to: g + shape.V)
    if shape.hasBiases {
        addSums(ds1, n1, steps, to: g + shape.b1)
        addSums(ds2, n2, steps, to: g + shape.b2)
        addSums(dy, shape.outputs, 1, to: g + shape.c)
    }
}

/// A row-major matrix whose rows have as many entries as its vector; entries of the vector from `columns` on are unused.
private typealias Product = (matrix: UnsafePointer<Float>, vector: UnsafePointer<Vector>, columns: Int)

/// Gives `write` each entry of A·a + B·b.
@inline(__always)
private func rows(_ a: Product, _ b: Product, _ count: Int, _ write: (Int, Vector) -> Void) {
    inSixes(count) { i in
        var s: Sums = (.zero, .zero, .zero, .zero, .zero, .zero)
        add6(a.matrix + i * a.columns, step: 1, column: a.columns, times: a.vector, a.columns, to: &s)
        add6(b.matrix + i * b.columns, step: 1, column: b.columns, times: b.vector, b.columns, to: &s)
        write(i, s.0)
        write(i + 1, s.1)
        write(i + 2, s.2)
        write(i + 3, s.3)
        write(i + 4, s.4)
        write(i + 5, s.5)
    } _: { i in
        var s = Vector.zero
        add1(a.matrix + i * a.columns, step: 1, times: a.vector, a.columns, to: &s)
        add1(b.matrix + i * b.columns, step: 1, times: b.vector, b.columns, to: &s)
        write(i, s)
    }
}

/// g[i, j] += Σ_t a[t, i] · b[t, j], in tiles whose sums stay in registers.
@inline(__always)
private func addProducts(
    _ a: UnsafePointer<Vector>, _ rows: Int, _ b: UnsafePointer<Vector>, _ columns: Int, _ steps: Int,
    to g: UnsafeMutablePointer<Vector>
) {
    let (tiledRows, tiledColumns) = (rows - rows % 3, columns - columns % 2)
    for j in stride(from: 0, to: tiledColumns, by: 2) {
        for i in stride(from: 0, to: tiledRows, by: 3) {
            addTile(3, 2, a + i, rows, b + j, columns, steps, to: g + i * columns + j)
        }
        switch rows - tiledRows {
        case 2: addTile(2, 2, a + tiledRows, rows, b + j, columns, steps, to: g + tiledRows * columns + j)
        case 1: addTile(1, 2, a + tiledRows, rows, b + j, columns, steps, to: g + tiledRows * columns + j)
        default: break
        }
    }
    if tiledColumns < columns {
        for i in 0..<rows {
            addTile(1, 1, a + i, rows, b + tiledColumns, columns, steps, to: g + i * columns + tiledColumns)
        }
    }
}

/// One tile of at most 3 × 2 entries: three values of a and two of b are read for six products.
@inline(__always)
private func addTile(
    _ tileRows: Int, _ tileColumns: Int, _ a: UnsafePointer<Vector>, _ rows: Int, _ b: UnsafePointer<Vector>,
    _ columns: Int, _ steps: Int, to g: UnsafeMutablePointer<Vector>
) {
    let isWide = tileColumns == 2
    let (g1, g2) = (g + columns, g + 2 * columns)
    var s: (Vector, Vector, Vector, Vector, Vector, Vector) = (g[0], .zero, .zero, .zero, .zero, .zero)
    if isWide { s.1 = g[1] }
    if tileRows > 1 { (s.2, s.3) = (g1[0], g1[1]) }
    if tileRows > 2 { (s.4, s.5) = (g2[0], g2[1]) }
    for t in 0..<steps {
        let (a, b) = (a + t * rows, b + t * columns)
        s.0 = s.0.adding(a[0], times: b[0])
        if isWide { s.1 = s.1.adding(a[0], times: b[1]) }
        if tileRows > 1 {
            s.2 = s.2.adding(a[1], times: b[0])
            s.3 = s.3.adding(a[1], times: b[1])
        }
        if tileRows > 2 {
            s.4 = s.4.adding(a[2], times: b[0])
            s.5 = s.5.adding(a[2], times: b[1])
        }
    }
    g[0] = s.0
    if isWide { g[1] = s.1 }
    if tileRows > 1 { (g1[0], g1[1]) = (s.2, s.3) }
    if tileRows > 2 { (g2[0], g2[1]) = (s.4, s.5) }
}

/// g[j] += Σ_t a[t, j]
@inline(__always)
private func addSums(_ a: UnsafePointer<Vector>, _ columns: Int, _ steps: Int, to g: UnsafeMutablePointer<Vector>) {
    for j in 0..<columns {
        var s = g[j]
        for t in 0..<steps {
            s += a[t * columns + j]
        }
        g[j] = s
    }
}
