import Foundation

/// How a source's PM2.5 becomes comparable with reference instruments.
package enum Correction: Equatable, Sendable {
    /// The correction of the US EPA for PurpleAir (2021): 0.524 · cf_1 − 0.0862 · humidity + 5.75, not below 0.
    ///
    /// Barkjohn, Gantt and Clements, Atmospheric Measurement Techniques 14 (2021), for cf_1 from 0 to 570 µg/m³.
    case purpleAir
    /// slope · x + offset, of a comparison with a reference instrument.
    case linear(slope: Double, offset: Double)

    /// `purpleair`, or a slope and an offset such as `0.86*x+1.2`; nil for anything else.
    package init?(_ text: String) {
        if text == "purpleair" {
            self = .purpleAir
            return
        }
        let parts = text.filter { !$0.isWhitespace }.components(separatedBy: "*x")
        guard parts.count == 2, let slope = Double(parts[0]), let offset = parts[1].isEmpty ? 0 : Double(parts[1]),
            slope.isFinite, offset.isFinite, slope > 0
        else { return nil }
        self = .linear(slope: slope, offset: offset)
    }

    /// - Parameters:
    ///   - value: µg/m³ as the source has it.
    ///   - humidity: %; NaN where missing.
    ///   - fault: why there is no value.
    func corrected(_ value: Double, humidity: Double, _ fault: inout String?) -> Double {
        switch self {
        case .linear(let slope, let offset): return slope * value + offset
        case .purpleAir:
            if value < 0 || value >= 570 {
                fault = "pm25 is outside of 0 to 570, where the correction holds"
            } else if !(0...100).contains(humidity) {
                fault = "no humidity of 0 to 100 % to correct pm25 by"
            } else {
                return max(0.524 * value - 0.0862 * humidity + 5.75, 0)
            }
            return .nan
        }
    }
}
