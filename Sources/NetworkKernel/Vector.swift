/// One number of each of 16 windows: the network computes 16 windows side by side.
///
/// A lane never sees another lane, so a window's result does not depend on what is computed beside it.
public typealias Vector = SIMD16<Float>

extension SIMD16<Float> {
    /// self + a · b, in one rounding where the build has the instruction: without it `addingProduct` is a call a lane.
    @inline(__always)
    func adding(_ a: Vector, times b: Vector) -> Vector {
        #if HAZECAST_FMA || arch(arm64)
            addingProduct(a, b)
        #else
            self + a * b
        #endif
    }

    @inline(__always)
    func adding(_ a: Vector, times b: Float) -> Vector { adding(a, times: Vector(repeating: b)) }

    /// tanh within 4e-7 relative, as a ratio of polynomials; beyond ±7.9 it is ±1 to the last bit but one.
    ///
    /// The coefficients are Eigen's (`ptanh_float`).
    @inline(__always)
    func tanh() -> Vector {
        let limit: Float = 7.905_311
        let x = replacing(with: limit, where: self .> limit).replacing(with: -limit, where: self .< -limit)
        let x2 = x * x
        var p = Vector(repeating: 2.000_187_9e-13).adding(x2, times: -2.760_768_5e-16)
        p = Vector(repeating: -8.604_672e-11).adding(p, times: x2)
        p = Vector(repeating: 5.122_297e-08).adding(p, times: x2)
        p = Vector(repeating: 1.485_722_3e-05).adding(p, times: x2)
        p = Vector(repeating: 6.372_619_5e-04).adding(p, times: x2)
        p = Vector(repeating: 4.893_524_6e-03).adding(p, times: x2)
        var q = Vector(repeating: 1.185_347_1e-04).adding(x2, times: 1.198_258_4e-06)
        q = Vector(repeating: 2.268_434_6e-03).adding(q, times: x2)
        q = Vector(repeating: 4.893_525e-03).adding(q, times: x2)
        return x * p / q
    }
}
