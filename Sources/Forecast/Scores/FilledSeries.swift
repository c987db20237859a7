extension HourlySeries {
    /// How a missing pm25 is filled before a network sees it.
    enum PM25Filling {
        /// Linearly between its neighbours, as the chapter does; a gap at the beginning rises from 0.
        case interpolated
        /// With the last value before it, the only one that a live forecast knows.
        case carried
    }

    /// Every hour's measures without gaps: weather, and wind as a whole, carried forward without limit.
    ///
    /// A gap at the beginning takes the first value after it; one at the end is carried in either way. A measure that is
    /// missing throughout stays NaN.
    func filled(pm25 filling: PM25Filling) -> [Measures] {
        var filled = measures
        Self.carry(\.dewPoint, in: &filled)
        Self.carry(\.temperature, in: &filled)
        Self.carry(\.pressure, in: &filled)
        Self.carryWind(in: &filled)
        if filling == .interpolated {
            Self.interpolatePM25(in: &filled)
        }
        Self.carry(\.pm25, in: &filled)
        return filled
    }

    private static func carry(_ measure: WritableKeyPath<Measures, Float>, in hours: inout [Measures]) {
        guard var last = hours.lazy.map({ $0[keyPath: measure] }).first(where: { !$0.isNaN }) else { return }
        for index in hours.indices {
            if hours[index][keyPath: measure].isNaN {
                hours[index][keyPath: measure] = last
            } else {
                last = hours[index][keyPath: measure]
            }
        }
    }

    /// A direction belongs to its speed: NaN beside a speed is calm or variable wind and no gap.
    private static func carryWind(in hours: inout [Measures]) {
        guard var last = hours.first(where: { !$0.windSpeed.isNaN }) else { return }
        for index in hours.indices {
            if hours[index].windSpeed.isNaN {
                hours[index].windSpeed = last.windSpeed
                if hours[index].windDirection.isNaN {
                    hours[index].windDirection = last.windDirection
                }
            } else {
                last = hours[index]
            }
        }
    }

    private static func interpolatePM25(in hours: inout [Measures]) {
        guard hours.first != nil else { return }
        var last = (index: 0, value: hours[0].pm25.isNaN ? 0 : hours[0].pm25)
        hours[0].pm25 = last.value
        for index in hours.indices where !hours[index].pm25.isNaN {
            let next = (index: index, value: hours[index].pm25)
            for gap in last.index + 1..<max(next.index, last.index + 1) {
                let share = Float(gap - last.index) / Float(next.index - last.index)
                hours[gap].pm25 = last.value + (next.value - last.value) * share
            }
            last = next
        }
    }
}
