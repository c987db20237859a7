import Foundation

/// Adam (Kingma and Ba) with bias correction; one owner.
struct Adam {
    private var m: [Float]
    private var v: [Float]
    private var step = 0

    init(count: Int) {
        m = Array(repeating: 0, count: count)
        v = m
    }

    /// - Parameter decay: share of each weight that a step at rate 1 takes away (Loshchilov and Hutter's decoupled decay).
    mutating func update(_ weights: inout [Float], gradient: [Float], rate: Float, decay: Float = 0) {
        step += 1
        let (beta1, beta2): (Float, Float) = (0.9, 0.999)
        let correction1 = 1 - Self.power(beta1, step)
        let correction2 = 1 - Self.power(beta2, step)
        for index in weights.indices {
            m[index] = beta1 * m[index] + (1 - beta1) * gradient[index]
            v[index] = beta2 * v[index] + (1 - beta2) * gradient[index] * gradient[index]
            weights[index] -= rate * decay * weights[index]
            weights[index] -= rate * (m[index] / correction1) / ((v[index] / correction2).squareRoot() + 1e-8)
        }
    }

    private static func power(_ base: Float, _ exponent: Int) -> Float {
        var (result, base, exponent) = (Float(1), base, exponent)
        while exponent > 0 {
            if exponent & 1 == 1 { result *= base }
            base *= base
            exponent >>= 1
        }
        return result
    }
}

/// A learning rate's share of its first value after a share of the training: 1 falling to 0 along half a cosine.
func cosineDecay(_ done: Float) -> Float {
    (1 + cos(.pi * min(max(done, 0), 1))) / 2
}
