import Foundation

/// One direction of a plot: its range, and the values that are written beside it.
package struct Axis {
    package struct Tick {
        package let value: Double
        package let text: String

        package init(value: Double, text: String) {
            self.value = value
            self.text = text
        }
    }

    /// What is measured, with its unit.
    package let label: String
    package let range: ClosedRange<Double>
    package let ticks: [Tick]

    /// An axis with ticks of its own.
    package init(_ label: String, _ range: ClosedRange<Double>, ticks: [Tick]) {
        self.label = label
        self.range = range
        self.ticks = ticks
    }

    /// An axis over all of the values that are finite, from one round number to another.
    package init(_ label: String, covering values: some Sequence<Double>) {
        let (least, greatest) = Self.extremes(of: values) ?? (0, 1)
        let span = greatest > least ? greatest - least : max(abs(greatest), 1)
        let magnitude = pow(10, (log10(span / 5)).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * magnitude }.first { span / $0 <= 6 } ?? 10 * magnitude
        let first = (least / step).rounded(.down)
        let last = max((greatest / step).rounded(.up), first + 1)
        let digits = max(0, Int(-log10(step).rounded(.down)))
        self.init(
            label, first * step...last * step,
            ticks: stride(from: first, through: last, by: 1).map { index in
                Tick(value: index * step, text: Self.text(index * step, digits: digits))
            })
    }

    /// 0 at the beginning of the range and 1 at its end; not finite where the value is not.
    package func place(_ value: Double) -> Double { (value - range.lowerBound) / (range.upperBound - range.lowerBound) }

    private static func extremes(of values: some Sequence<Double>) -> (least: Double, greatest: Double)? {
        let finite = values.filter(\.isFinite)
        guard let least = finite.min(), let greatest = finite.max() else { return nil }
        return (least, greatest)
    }

    /// A number with a real minus sign.
    package static func text(_ value: Double, digits: Int) -> String {
        let text = String(format: "%.\(digits)f", value == 0 ? 0 : value)
        return text.replacing("-", with: "−")
    }
}
