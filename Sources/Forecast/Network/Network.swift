import NetworkKernel
import NetworkKernelAVX2
import NetworkKernelAVX512

/// One number of each of 16 windows.
typealias Lanes = SIMD16<Float>

/// A recurrent network of one or two layers: its shape and its weights.
struct Network: Sendable {
    let shape: NetworkKernel.NetworkShape
    /// All tensors, in the order of `NetworkShape.tensors`.
    var weights: [Float]
    /// What computes it. Results differ in the last bits between instruction sets, never within one.
    var instructions = Instructions.best

    /// - Precondition: `weights.count == shape.parameterCount`.
    init(shape: NetworkKernel.NetworkShape, weights: [Float]) {
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
        switch instructions {
        case .baseline:
            NetworkKernel.forward(shape, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, y: trace.y)
        case .avx2:
            NetworkKernelAVX2.forward(
                shape.avx2, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, y: trace.y)
        case .avx512:
            NetworkKernelAVX512.forward(
                shape.avx512, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, y: trace.y)
        }
    }

    /// The outputs of `forward`, to the last bit and sooner; nothing else in the trace can be relied on afterwards.
    func predict(_ x: UnsafePointer<Lanes>, _ trace: NetworkTrace) {
        switch instructions {
        case .baseline:
            NetworkKernel.predict(shape, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, y: trace.y)
        case .avx2:
            NetworkKernelAVX2.predict(
                shape.avx2, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, y: trace.y)
        case .avx512:
            NetworkKernelAVX512.predict(
                shape.avx512, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, y: trace.y)
        }
    }

    /// Whether `predict` can be asked for one window alone.
    var predictsSingly: Bool { shape.fitsSingle }

    /// The outputs of `predict` for one window, to the last bit.
    ///
    /// - Parameters:
    ///   - x: `steps` × inputs, the oldest step first.
    ///   - y: receives the outputs.
    func predict(single x: UnsafePointer<Float>, steps: Int, y: UnsafeMutablePointer<Float>) {
        switch instructions {
        case .baseline: NetworkKernel.predictSingle(shape, steps: steps, weights, x, y: y)
        case .avx2: NetworkKernelAVX2.predictSingle(shape.avx2, steps: steps, weights, x, y: y)
        case .avx512: NetworkKernelAVX512.predictSingle(shape.avx512, steps: steps, weights, x, y: y)
        }
    }

    /// Backpropagation through time for the 16 windows that `forward` has just run.
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
        switch instructions {
        case .baseline:
            NetworkKernel.backward(
                shape, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, dy: dy, ds1: trace.ds1,
                ds2: trace.ds2, addingTo: gradient)
        case .avx2:
            NetworkKernelAVX2.backward(
                shape.avx2, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, dy: dy, ds1: trace.ds1,
                ds2: trace.ds2, addingTo: gradient)
        case .avx512:
            NetworkKernelAVX512.backward(
                shape.avx512, steps: trace.steps, weights, x, h1: trace.h1, h2: trace.h2, dy: dy, ds1: trace.ds1,
                ds2: trace.ds2, addingTo: gradient)
        }
    }

    /// Gradient of the loss by one input at one step, from the `ds1` that `backward` left in the trace.
    func inputGradient(_ i: Int, step: Int, _ trace: NetworkTrace) -> Lanes {
        var dx = Lanes.zero
        for j in 0..<shape.hidden1 {
            dx += trace.ds1[step * shape.hidden1 + j] * weights[shape.U + i * shape.hidden1 + j]
        }
        return dx
    }
}

extension NetworkKernel.NetworkShape {
    fileprivate var avx2: NetworkKernelAVX2.NetworkShape {
        NetworkKernelAVX2.NetworkShape(
            inputs: inputs, hidden1: hidden1, hidden2: hidden2, outputs: outputs, hasBiases: hasBiases)
    }

    fileprivate var avx512: NetworkKernelAVX512.NetworkShape {
        NetworkKernelAVX512.NetworkShape(
            inputs: inputs, hidden1: hidden1, hidden2: hidden2, outputs: outputs, hasBiases: hasBiases)
    }
}
