import Forecast
import Foundation

/// `backtest --leave-out-groups`: the recipe of `world`, scored on countries that its networks have not seen.
struct LeaveOutRun {
    /// What the networks are given.
    struct Condition {
        /// Whether the weather is hidden.
        let isPM25Only: Bool
        /// Days before an origin beyond which nothing is known of the station; nil: all is known.
        let memoryDays: Int?

        var options: StationBacktest.Options {
            var options = StationBacktest.Options()
            options.isPM25Only = isPM25Only
            options.memoryDays = memoryDays
            options.hasRidge = true
            return options
        }

        /// `PM2.5 alone, 3 days of memory`.
        var text: String {
            let memory =
                switch memoryDays {
                case 0: "no memory"
                case 1: "a day of memory"
                case let days?: "\(days) days of memory"
                case nil: "all memory"
                }
            return (isPM25Only ? "PM2.5 alone, " : "all inputs, ") + memory
        }
    }

    /// What is reported where nothing else is asked for.
    static let conditions =
        [0, 3, 14, nil].map { Condition(isPM25Only: true, memoryDays: $0) }
        + [Condition(isPM25Only: false, memoryDays: nil)]

    let stations: [WorldStation]
    let plan: WorldPlan
    let groups: Int
    let conditions: [Condition]

    var title: String { "world on countries that it has not seen, \(groups) groups" }

    /// Trains and scores.
    ///
    /// - Returns: scores by condition.
    func results() throws -> [WorldBacktest] {
        // Standard output is for the scores.
        let display = TrainingDisplay(lines: StandardError.print)
        defer { display.end() }
        let training = WorldTraining(
            stations, plan: plan, workers: ProcessInfo.processInfo.activeProcessorCount
        ) { progress in
            display.show(progress)
            return true
        }
        return try training.leaveOut(groups: groups, conditions.map(\.options))
    }

    /// The scores of one condition as of a folder; those of several in an array, `memory` null being all.
    func json(_ results: [WorldBacktest]) -> JSONValue {
        if let only = results.first, results.count == 1 { return only.json }
        return .object([
            "protocol": .string("live"), "groups": .number(groups),
            "conditions": .array(
                zip(conditions, results).map { condition, scores in
                    guard case .object(var members) = scores.json else { return scores.json }
                    members["inputs"] = .string(condition.isPM25Only ? "pm25" : "all")
                    members["memory"] = condition.memoryDays.map { .number($0) } ?? .null
                    return .object(members)
                }),
        ])
    }
}
