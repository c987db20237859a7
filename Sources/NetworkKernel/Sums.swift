/// Six sums that are worked out together: what is read once serves all six, and none waits for another. With the two
/// registers that a `Vector` is in AVX2 they are as many as leave room for what is multiplied.
typealias Sums = (Vector, Vector, Vector, Vector, Vector, Vector)

/// s_b += Σ_k v[k] · m[k·step + b·column] for b in 0…5.
@inline(__always)
func add6(
    _ m: UnsafePointer<Float>, step: Int, column: Int, times v: UnsafePointer<Vector>, _ count: Int, to s: inout Sums
) {
    for k in 0..<count {
        let value = v[k]
        let row = m + k * step
        s.0 = s.0.adding(value, times: row[0])
        s.1 = s.1.adding(value, times: row[column])
        s.2 = s.2.adding(value, times: row[2 * column])
        s.3 = s.3.adding(value, times: row[3 * column])
        s.4 = s.4.adding(value, times: row[4 * column])
        s.5 = s.5.adding(value, times: row[5 * column])
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

/// Calls `six` for every full group of six columns and `one` for each that is left.
@inline(__always)
func inSixes(_ columns: Int, _ six: (Int) -> Void, _ one: (Int) -> Void) {
    var column = 0
    while column + 6 <= columns {
        six(column)
        column += 6
    }
    while column < columns {
        one(column)
        column += 1
    }
}
