import CProcessor
import Foundation

/// The instructions that the network's kernel is compiled for; the same source is built once for each.
enum Instructions: Sendable, CaseIterable {
    /// What every processor of the architecture has.
    case baseline
    /// x86-64 with AVX2 and FMA, some four times as fast.
    case avx2

    /// Those that this processor can run.
    static let available: [Instructions] = hazecast_processor_has_avx2_and_fma() ? [.baseline, .avx2] : [.baseline]

    /// The fastest of them, unless the environment says `HAZECAST_KERNEL=baseline`.
    static let best: Instructions =
        ProcessInfo.processInfo.environment["HAZECAST_KERNEL"] == "baseline" ? .baseline : available.last ?? .baseline
}
