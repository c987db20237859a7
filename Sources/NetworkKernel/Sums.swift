/// Four sums that are worked out together: what is read once serves all four, and none waits for another.
typealias Quad = (Vector, Vector, Vector, Vector)

/// s_b += Σ_k v[k] · m[k·step + b·column] for b in 0…3.
@inline(__always)
func add4(
    _ m: UnsafePointer<Float>, step: Int, column: Int, times v: UnsafePointer<Vector>, _ count: Int, to s: inout Quad
) {
    for k in 0..<count {
        let value = v[k]
        let row = m + k * step
        s.0 = s.0.adding(value, times: row[0])
        s.1 = s.1.adding(value, times: row[column])
        s.2 = s.2.adding(value, times: row[2 * column])
        s.3 = s.3.adding(value, times: row[3 * column])
    }
}

/// s += Σ_k v[k] · m[k·step].
@inline(__always)
func add1(
    _ m: UnsafePointer<Float>, step: Int, times v: UnsafePointer<Vector>, _ count: Int, to s: inout Vector
) {
    for k in 0..<count {
        s = s.adding(v[k], times: m[k * step])
    }
}

/// Calls `four` for every full group of four columns and `one` for each that is left.
@inline(__always)
func inFours(_ columns: Int, _ four: (Int) -> Void, _ one: (Int) -> Void) {
    var column = 0
    while column + 4 <= columns {
        four(column)
        column += 4
    }
    while column < columns {
        one(column)
        column += 1
    }
}
