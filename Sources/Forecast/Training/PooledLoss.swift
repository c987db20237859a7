import NetworkKernel

/// The loss over several stations together, one after another.
final class PooledLoss: BlockLoss {
    let blocks: Int
    /// Each station's loss and block within it, for every block.
    private let places: [(loss: any BlockLoss, block: Int)]

    init(_ losses: [any BlockLoss]) {
        places = losses.flatMap { loss in (0..<loss.blocks).map { (loss, $0) } }
        blocks = places.count
    }

    func add(
        block: Int, of network: Network, gradient: UnsafeMutablePointer<Lanes>?, squaredErrors: inout Lanes,
        count: inout Int
    ) {
        places[block].loss.add(
            block: places[block].block, of: network, gradient: gradient, squaredErrors: &squaredErrors, count: &count)
    }
}
