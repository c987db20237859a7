/// L-BFGS (Nocedal and Wright, algorithm 7.4) with a backtracking line search; one step an iteration.
struct LBFGS {
    private(set) var point: [Double]
    private(set) var loss: Double
    private var gradient: [Double]
    private var history: [(s: [Double], y: [Double], rho: Double)] = []
    private static let memory = 30

    init(from point: [Double], _ function: ([Double]) -> (loss: Double, gradient: [Double])) {
        self.point = point
        (loss, gradient) = function(point)
    }

    /// Goes one step down.
    ///
    /// - Returns: false where no lower point was found.
    mutating func step(_ function: ([Double]) -> (loss: Double, gradient: [Double])) -> Bool {
        var direction = descent()
        var slope = Self.dot(direction, gradient)
        if slope >= 0 {
            history = []
            direction = gradient.map { -$0 }
            slope = Self.dot(direction, gradient)
        }
        var rate = history.isEmpty ? 1 / max(1, (-slope).squareRoot()) : 1
        for _ in 0..<30 {
            let candidate = zip(point, direction).map { $0 + rate * $1 }
            let (newLoss, newGradient) = function(candidate)
            if newLoss <= loss + 1e-4 * rate * slope {
                remember(zip(candidate, point).map { $0 - $1 }, zip(newGradient, gradient).map { $0 - $1 })
                (point, loss, gradient) = (candidate, newLoss, newGradient)
                return true
            }
            // The minimum of the parabola through what is known, kept within reason.
            let parabola = -slope * rate / (2 * (newLoss - loss - slope * rate)) * rate
            rate = parabola.isFinite ? min(max(parabola, rate * 0.1), rate * 0.5) : rate * 0.1
        }
        guard !history.isEmpty else { return false }
        history = []
        return true
    }

    private mutating func remember(_ s: [Double], _ y: [Double]) {
        let curvature = Self.dot(s, y)
        guard curvature > 1e-10 * Self.dot(y, y) else { return }
        history.append((s, y, 1 / curvature))
        if history.count > Self.memory { history.removeFirst() }
    }

    private func descent() -> [Double] {
        var q = gradient
        var alphas: [Double] = []
        for (s, y, rho) in history.reversed() {
            let alpha = rho * Self.dot(s, q)
            alphas.append(alpha)
            for index in q.indices { q[index] -= alpha * y[index] }
        }
        if let (_, y, rho) = history.last {
            let scale = 1 / (rho * Self.dot(y, y))
            for index in q.indices { q[index] *= scale }
        }
        for ((s, y, rho), alpha) in zip(history, alphas.reversed()) {
            let beta = rho * Self.dot(y, q)
            for index in q.indices { q[index] += (alpha - beta) * s[index] }
        }
        return q.map { -$0 }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }
}
