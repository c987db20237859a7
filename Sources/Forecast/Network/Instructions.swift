import CProcessor
import Foundation

/// The instructions that the network's kernel is compiled for; the same source is built once for each.
enum Instructions: String, Sendable, CaseIterable {
    /// What every processor of the architecture has.
    case baseline
    /// x86-64 with AVX2 and FMA, some four times as fast.
    case avx2
    /// x86-64 with AVX-512 (its level 4): the same results as `avx2`, up to half as fast again.
    case avx512

    /// Those that this processor can run, the fastest last.
    static let available: [Instructions] = {
        switch hazecast_processor_level() {
        case 4: [.baseline, .avx2, .avx512]
        case 3: [.baseline, .avx2]
        default: [.baseline]
        }
    }()

    /// The fastest of them, unless the environment's `HAZECAST_KERNEL` names another: `baseline` or `avx2`.
    static let best: Instructions = {
        let wanted = ProcessInfo.processInfo.environment["HAZECAST_KERNEL"]
        return available.first { $0.rawValue == wanted } ?? available.last ?? .baseline
    }()
}
