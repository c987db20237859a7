import ArgumentParser
import Forecast

/// How `backtest --leave-out-groups` trains; what is not given is as `train --preset world` has it.
struct WorldOptions: ParsableArguments {
    @Option(help: "With --leave-out-groups: seed of everything random.")
    var seed: UInt64?

    @Option(help: "With --leave-out-groups: epochs of each network.")
    var epochs: Int?

    @Option(help: "With --leave-out-groups: networks in each ensemble.")
    var members: Int?

    @Option(help: "With --leave-out-groups: windows that each network learns from.")
    var windows: Int?

    /// Whether none is given.
    var isEmpty: Bool { seed == nil && epochs == nil && members == nil && windows == nil }

    /// The plan with these.
    var plan: WorldPlan {
        var plan = WorldPlan()
        plan.seed = seed ?? plan.seed
        plan.epochs = epochs ?? plan.epochs
        plan.members = members ?? plan.members
        plan.windows = windows ?? plan.windows
        return plan
    }
}
