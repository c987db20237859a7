import Forecast
import Plot

extension Figure {
    /// How a training went on the year that it had not seen, epoch by epoch; without plots where it measured nothing there.
    static func training(_ history: [TrainingProgress], of model: Model) -> Figure {
        let measures: [(title: String, label: String, value: KeyPath<TrainingProgress, Double?>, isLoss: Bool)] = [
            ("Validation loss", "Σ(a − y)² / n / 2 of the next hour, scaled", \.validationLoss, true),
            ("Validation R²", "R² of the next hour", \.validationR2, false),
            (
                "Validation skill",
                "mean live skill over leads \(LiveProtocol.quotedLeads.map(String.init).joined(separator: ", "))",
                \.validationSkill, false
            ),
        ]
        return Figure(
            title: "\(model.name): how it was trained",
            caption:
                "\(model.architecture.parameterCount) weights · on the year before the test year, not learnt from until "
                + "then · orange: the run that ends best",
            rows: measures.compactMap { title, label, value, isLoss in
                let stages = stages(of: history, value)
                return stages.isEmpty ? nil : [plot(stages, title, label, isLoss: isLoss)]
            })
    }

    /// One start, finalist or member: its name, and a value after each of its epochs.
    private typealias Run = (phase: String, values: [Double])

    /// Runs that do the same, so that their names differ in numbers alone, and which can be laid over each other.
    private static func stages(
        of history: [TrainingProgress], _ value: KeyPath<TrainingProgress, Double?>
    ) -> [[Run]] {
        var stages: [[Run]] = []
        for progress in history {
            guard let value = progress[keyPath: value] else { continue }
            func kind(_ phase: String) -> String { phase.filter { !$0.isNumber } }
            if stages.last?.last?.phase == progress.phase {
                stages[stages.count - 1][stages[stages.count - 1].count - 1].values.append(value)
            } else if let last = stages.last?.last, kind(last.phase) == kind(progress.phase) {
                stages[stages.count - 1].append((progress.phase, [value]))
            } else {
                stages.append([(progress.phase, [value])])
            }
        }
        return stages
    }

    /// The stages one after another; the run of each that ends best stands out.
    private static func plot(_ stages: [[Run]], _ title: String, _ label: String, isLoss: Bool) -> Plot {
        var faint: [Plot.Series] = []
        var best: [Plot.Series] = []
        var epoch = 0
        for (stage, runs) in stages.enumerated() {
            let lines = runs.map { run in run.values.enumerated().map { (x: Double(epoch + 1 + $0), y: $1) } }
            faint += lines.map { Plot.Series(nil, .blue, $0, as: .faint) }
            let byEnd = lines.sorted { $0[$0.count - 1].y < $1[$1.count - 1].y }
            let line = byEnd[isLoss ? 0 : byEnd.count - 1]
            let end = Axis.text(line[line.count - 1].y, digits: isLoss ? 6 : 4)
            best.append(Plot.Series(stage + 1 == stages.count ? end : nil, .orange, line))
            epoch += lines.map(\.count).max() ?? 0
        }
        let names = stages.map { runs in
            "\(runs.count) \(runs[0].phase.prefix { $0.isLetter })\(runs.count == 1 ? "" : "s")"
        }
        // The first epochs are so far off that they would press the others into one line.
        let sorted = faint.flatMap { $0.points.map(\.y) }.sorted()
        let shown = sorted.count * 9 / 10 + 1
        return Plot(
            title: title,
            x: Axis("epochs of " + names.joined(separator: ", then of "), covering: [0, Double(epoch)]),
            y: Axis(label, covering: isLoss ? sorted.prefix(shown) : sorted.suffix(shown)), series: faint + best)
    }
}
