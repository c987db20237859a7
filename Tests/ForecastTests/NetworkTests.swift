import Foundation
import Testing

@testable import Forecast
@testable import NetworkKernel

/// A case of Reference/network.json, made by Reference/reference.py in float64.
struct ReferenceCase: Decodable, CustomTestStringConvertible {
    let windows, steps, inputs, hidden1, hidden2, outputs: Int
    let biases: Bool
    let parameters: [String: [Float]]
    let x, a: [Float]
    let y: [Double]
    let loss: Double
    let gradients: [String: [Double]]
    let input_gradient: [Double]

    var testDescription: String { "\(inputs)/\(hidden1)/\(hidden2)/\(outputs)\(biases ? " with biases" : "")" }

    static let all: [ReferenceCase] = {
        do {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Reference/network.json")
            return try JSONDecoder().decode([ReferenceCase].self, from: Data(contentsOf: file))
        } catch {
            Issue.record("Reference/network.json: \(error)")
            return []
        }
    }()

    var network: Network {
        let shape = NetworkShape(
            inputs: inputs, hidden1: hidden1, hidden2: hidden2, outputs: outputs, hasBiases: biases)
        return Network(shape: shape, weights: shape.tensors.flatMap { parameters[$0.name] ?? [] })
    }

    /// steps × inputs, lane by window.
    var lanes: [Lanes] {
        (0..<steps * inputs).map { entry in
            Lanes((0..<windows).map { x[$0 * steps * inputs + entry] })
        }
    }

    /// Outputs, loss and gradients as the Swift network has them.
    func run(_ network: Network) -> (y: [Lanes], loss: Double, gradient: [Float], trace: NetworkTrace) {
        let trace = NetworkTrace(network.shape, steps: steps)
        network.forward(lanes, trace)
        let y = (0..<outputs).map { trace.y[$0] }
        let errors = (0..<outputs).map { o in y[o] - Lanes((0..<windows).map { a[$0 * outputs + o] }) }
        var gradient = [Lanes](repeating: .zero, count: network.weights.count)
        network.backward(lanes, trace, dy: errors.map { $0 / Float(windows) }, addingTo: &gradient)
        let loss = errors.reduce(0.0) { $0 + Double(($1 * $1).sum()) } / Double(windows) / 2
        return (y, loss, gradient.map { $0.sum() }, trace)
    }
}

/// Float32 has 24 bits. What is compared passes some hundred roundings of 6e-8 and a tanh that is good to 3e-7.
private let tolerance = 5e-6

@Suite struct NetworkTests {
    @Test(arguments: ReferenceCase.all, Instructions.available)
    func outputsLossAndEveryGradientAreThoseOfTheReference(
        _ reference: ReferenceCase, _ instructions: Instructions
    ) {
        var network = reference.network
        network.instructions = instructions
        let (y, loss, gradient, trace) = reference.run(network)
        for window in 0..<reference.windows {
            for o in 0..<reference.outputs {
                #expect(abs(Double(y[o][window]) - reference.y[window * reference.outputs + o]) < tolerance)
            }
        }
        #expect(abs(loss - reference.loss) < tolerance * (1 + reference.loss))
        let expected = network.shape.tensors.flatMap { reference.gradients[$0.name] ?? [] }
        #expect(expected.count == gradient.count)
        let size = expected.map(abs).max() ?? 0
        for (index, (ours, theirs)) in zip(gradient, expected).enumerated() {
            #expect(abs(Double(ours) - theirs) < tolerance * (1 + size), "weight \(index)")
        }
        for step in 0..<reference.steps {
            for i in 0..<reference.inputs {
                let ours = network.inputGradient(i, step: step, trace)
                for window in 0..<reference.windows {
                    let entry = (window * reference.steps + step) * reference.inputs + i
                    #expect(abs(Double(ours[window]) - reference.input_gradient[entry]) < tolerance)
                }
            }
        }
    }

    @Test(arguments: ReferenceCase.all)
    func everyGradientIsTheSlopeOfTheLoss(_ reference: ReferenceCase) {
        let network = reference.network
        let gradient = reference.run(network).gradient
        // The best step of a central difference in float32 is about the cube root of its precision; the error that is
        // left is about its square.
        let step: Float = 1 / 128
        for index in network.weights.indices {
            var above = network
            var below = network
            above.weights[index] += step
            below.weights[index] -= step
            let slope = (reference.run(above).loss - reference.run(below).loss) / Double(2 * step)
            #expect(abs(slope - Double(gradient[index])) < 5e-4 * (1 + abs(slope)), "weight \(index)")
        }
    }

    /// The fast path against the plain one: the shipped shapes, where both must agree but for the last bits.
    @Test(arguments: [Architecture.chapter, .chapterSingle, .operational, .world], Instructions.available)
    func everyInstructionSetComputesTheSame(_ architecture: Architecture, _ instructions: Instructions) {
        var random = SplitMix64(seed: 12)
        let shape = architecture.shape
        var plain = Network(shape: shape, initial: .xavier, using: &random)
        plain.instructions = .baseline
        var fast = plain
        fast.instructions = instructions
        let x = (0..<Window.length * shape.inputs).map { _ in
            Lanes((0..<16).map { _ in random.nextNormal() })
        }
        let dy = (0..<shape.outputs).map { _ in Lanes((0..<16).map { _ in random.nextNormal() }) }
        func run(_ network: Network) -> [Lanes] {
            let trace = NetworkTrace(shape, steps: Window.length)
            var gradient = [Lanes](repeating: .zero, count: shape.parameterCount)
            network.forward(x, trace)
            network.backward(x, trace, dy: dy, addingTo: &gradient)
            return (0..<shape.outputs).map { trace.y[$0] } + gradient
        }
        for (ours, theirs) in zip(run(fast), run(plain)) {
            for lane in 0..<16 {
                #expect(abs(ours[lane] - theirs[lane]) < 2e-5 * (1 + abs(theirs[lane])))
            }
        }
    }

    /// With states kept and without, and with AVX-512 as with AVX2: the same operations in the same order.
    @Test(arguments: [Architecture.chapter, .chapterSingle, .operational, .world])
    func whatForgetsItsStatesComputesTheSameToTheLastBit(_ architecture: Architecture) {
        var random = SplitMix64(seed: 13)
        let shape = architecture.shape
        var network = Network(shape: shape, initial: .half, using: &random)
        let x = (0..<Window.length * shape.inputs).map { _ in
            Lanes((0..<16).map { _ in random.nextNormal() })
        }
        var outputs: [Instructions: [Lanes]] = [:]
        for instructions in Instructions.available {
            network.instructions = instructions
            let trace = NetworkTrace(shape, steps: Window.length)
            network.predict(x, trace)
            let forgotten = (0..<shape.outputs).map { trace.y[$0] }
            network.forward(x, trace)
            #expect(forgotten == (0..<shape.outputs).map { trace.y[$0] }, "\(instructions)")
            outputs[instructions] = forgotten
        }
        if let wide = outputs[.avx512] { #expect(wide == outputs[.avx2]) }
    }

    /// The shipped shapes, and those at the edges of what fits one vector and two.
    static let singleShapes =
        [Architecture.chapter, .chapterSingle, .operational, .world].map(\.shape) + [
            NetworkShape(inputs: 3, hidden1: 16, hidden2: 17, outputs: 33, hasBiases: true),
            NetworkShape(inputs: 3, hidden1: 17, hidden2: 4, outputs: 1, hasBiases: false),
            NetworkShape(inputs: 1, hidden1: 32, hidden2: 32, outputs: 24, hasBiases: true),
            NetworkShape(inputs: 2, hidden1: 31, hidden2: 0, outputs: 65, hasBiases: true),
        ]

    /// A window that is forecast alone is forecast as it is among others.
    @Test(arguments: singleShapes, Instructions.available)
    func aSingleWindowComputesTheSameToTheLastBit(_ shape: NetworkShape, _ instructions: Instructions) {
        var random = SplitMix64(seed: 14)
        var network = Network(shape: shape, initial: .half, using: &random)
        network.instructions = instructions
        let x = (0..<Window.length * shape.inputs).map { _ in
            Lanes((0..<16).map { _ in random.nextNormal() })
        }
        let trace = NetworkTrace(shape, steps: Window.length)
        network.predict(x, trace)
        #expect(network.predictsSingly)
        for lane in 0..<Lanes.scalarCount {
            var y = [Float](repeating: .nan, count: shape.outputs)
            network.predict(single: x.map { $0[lane] }, steps: Window.length, y: &y)
            #expect(y == (0..<shape.outputs).map { trace.y[$0][lane] }, "lane \(lane)")
        }
    }

    @Test func layersOfMoreThan32UnitsAreNotRunSingly() {
        for hidden in [(33, 2), (2, 33)] {
            let shape = NetworkShape(inputs: 1, hidden1: hidden.0, hidden2: hidden.1, outputs: 1, hasBiases: true)
            #expect(!shape.fitsSingle)
        }
    }

    @Test func tanhIsGoodToAFewBitsOfAFloatEverywhere() {
        for step in -20_000...20_000 {
            let x = Float(step) / 1000
            let ours = Double(Lanes(repeating: x).tanh()[7])
            let exact = Foundation.tanh(Double(x))
            #expect(abs(ours - exact) <= 4e-7 * abs(exact), "x = \(x)")
        }
        for x: Float in [.greatestFiniteMagnitude, -Float.greatestFiniteMagnitude, 1e-30] {
            #expect(abs(Lanes(repeating: x).tanh()[0]) <= 1)
        }
    }

    @Test func sixInputsAndTwiceTwoHiddenMake26Parameters() {
        #expect(Architecture.chapter.parameterCount == 26)
        #expect(NetworkShape.chapter == Architecture.chapter.shape)
    }

    @Test func sixInputsAndOneLayerOfFourMake49ParametersInFiveTensors() {
        let shape = Architecture.chapterSingle.shape
        #expect(Architecture.chapterSingle.parameterCount == 49)
        #expect(shape.tensors.map(\.name) == ["U", "W1", "V", "b1", "c"])
        let offsets: [Int] = [shape.U, shape.W1, shape.V, shape.b1, shape.c]
        #expect(offsets == [0, 24, 40, 44, 48])
    }
}
