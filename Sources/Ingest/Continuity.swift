import Forecast

/// The checks that compare a station's hours with each other, taken one after the other without gaps.
///
/// What it says of an hour depends on that hour, the `QualityRules.lookBack` before it and the one after, never on the
/// order in which readings came: whoever begins that many hours earlier comes to the same.
struct Continuity {
    /// What the newest hour brought to light.
    struct Verdict: OptionSet {
        let rawValue: UInt8
        /// The newest hour's PM2.5 is stuck.
        static let stuck = Verdict(rawValue: 1)
        /// The newest hour repeats those before it.
        static let duplicate = Verdict(rawValue: 2)
        /// The PM2.5 of the hour before the newest is a spike.
        static let spikeBefore = Verdict(rawValue: 4)
    }

    /// The newest hour, as it passed the checks of a single reading.
    private var last = Measures()
    /// PM2.5 of the hour before it.
    private var before = Float.nan
    /// Hours before `last` that had its PM2.5, counted no further than the rule asks.
    private var standing: Int16 = 0
    /// Hours up to `last` that repeat the one before, counted likewise.
    private var repeats: Int16 = 0

    /// Takes the next hour; one without a reading is missing throughout.
    mutating func next(_ hour: Measures, by rules: QualityRules) -> Verdict {
        var verdict: Verdict = []
        if let stuck = rules.stuck {
            let isSame = hour.pm25 == last.pm25
            standing = isSame ? min(standing + 1, Int16(2 * stuck.hours)) : 0
            if isSame, Int(standing) >= (hour.pm25 > stuck.level ? stuck.hours : 2 * stuck.hours) {
                verdict.insert(.stuck)
            }
        }
        if let duplicate = rules.duplicate {
            repeats = hour.repeats(last) ? min(repeats + 1, Int16(duplicate)) : 0
            if Int(repeats) >= duplicate { verdict.insert(.duplicate) }
        }
        if let spike = rules.spike {
            // False where one of the three is missing.
            let higher = before < hour.pm25 ? hour.pm25 : before
            let isComplete = !(before.isNaN || hour.pm25.isNaN)
            if isComplete, last.pm25 - higher > spike.margin, last.pm25 > spike.factor * higher {
                verdict.insert(.spikeBefore)
            }
        }
        (before, last) = (last.pm25, hour)
        return verdict
    }
}

extension Measures {
    /// Whether two hours have the same values and the same ones missing.
    func isSame(_ other: Measures) -> Bool {
        func same(_ a: Float, _ b: Float) -> Bool { a == b || a.isNaN && b.isNaN }
        return same(pm25, other.pm25) && same(dewPoint, other.dewPoint) && same(temperature, other.temperature)
            && same(pressure, other.pressure) && same(windDirection, other.windDirection)
            && same(windSpeed, other.windSpeed)
    }

    /// Whether it is another hour's record: the same throughout, and PM2.5 and three other measures are there to tell.
    fileprivate func repeats(_ other: Measures) -> Bool {
        // PM2.5 alone decides the common case.
        guard pm25 == other.pm25, isSame(other) else { return false }
        return [dewPoint, temperature, pressure, windSpeed].count { !$0.isNaN } >= 3
    }
}
