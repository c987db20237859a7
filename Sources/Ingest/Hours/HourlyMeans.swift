import Foundation

/// Hourly means of the rows of an attached table or a file.
///
/// A row stands for the step from its stamp on, or up to it; with `carry` until the station's next row, for so long at
/// most. An hour is the mean of the rows that overlap it, weighted by how much, a measure of it missing where less than
/// 75 % have a value. Rows come newest first; equal stamps of a station count as one row, their mean.
package struct HourlyMeans: Sendable {
    /// One hour of one station.
    package struct Hour: Sendable {
        /// Seconds of it that rows stand for.
        package fileprivate(set) var covered = 0.0
        /// Whether a row of a changed hour overlaps it.
        package fileprivate(set) var isTouched = false
        /// Whether rows stand for enough of it.
        package var isComplete: Bool { covered >= HourlyMeans.least }
        fileprivate var sums = SIMD8<Double>(repeating: 0)
        fileprivate var weights = SIMD8<Double>(repeating: 0)
        fileprivate var north = 0.0
        fileprivate var east = 0.0
        fileprivate var rows = 0
        fileprivate var direction = Double.nan

        /// The means of the six measures in column order, NaN where less than 75 % of the hour have a value.
        package var means: [Float] {
            (0..<6).map { place in
                if place == 4 {
                    if rows == 1 { return Float(direction) }
                    if weights[4] < HourlyMeans.least || abs(north) + abs(east) < 1e-6 * weights[4] { return .nan }
                    let degrees = atan2(east, north) * 180 / .pi
                    return Float(degrees < 0 ? degrees + 360 : degrees)
                }
                return weights[place] < HourlyMeans.least ? .nan : Float(sums[place] / weights[place])
            }
        }

        /// Seconds of it that the rows of one measure stand for: more than there are where the step is not theirs.
        package var measured: Double { weights.max() }

        /// Measures with some values, but for less than 75 % of the hour.
        ///
        /// - Parameters:
        ///   - names: of the measures in column order.
        ///   - filled: those that count.
        package func shortages(_ names: [String], of filled: [String]) -> [String] {
            (0..<6).filter { $0 != 4 && weights[$0] > 0 && weights[$0] < HourlyMeans.least && rows > 1 }
                .map { names[$0] }.filter(filled.contains)
                .map { "\($0): values of less than 75 % of the hour" }
        }

        /// An hour without rows.
        package init() {}
    }

    /// Rows of one station with one stamp: a row per measure, or the same one twice.
    private struct Slot {
        var stamp: Int64
        var isTouching = false
        var sums = SIMD16<Double>(repeating: 0)
        var counts = SIMD16<Double>(repeating: 0)
        /// Sums of unit vectors towards the direction from which the wind blows.
        var north = 0.0
        var east = 0.0

        /// The mean of its rows.
        var columns: SIMD16<Double> {
            var mean = sums / counts
            if counts[4] > 1 {
                let degrees = atan2(east, north) * 180 / .pi
                mean[4] = abs(north) + abs(east) < 1e-6 ? .nan : degrees < 0 ? degrees + 360 : degrees
            }
            return mean
        }
    }

    /// What is wrong with the values of a time in an hour that changed.
    package struct Fault: Sendable {
        package let station: String
        /// Microseconds since 1970 UTC.
        package let stamp: Int64
        package let reason: String
    }

    private struct Station {
        var hours: [Int32: Hour] = [:]
        var slot: Slot?
        /// The stamp of the station's next row, and whether it lies in an hour that changed.
        var next: (stamp: Int64, isTouching: Bool)?
    }

    /// Seconds of an hour that must have a value: three quarters, but for a second that clocks may be wrong by.
    static let least = 2_699.0

    private let step: Int64
    private let isEnd: Bool
    private let carry: Int64?
    private let hasSpeed: Bool
    private let values: RowValues
    private let now: Int64
    private var stations: [String: Int] = [:]
    private var names: [String] = []
    private var all: [Station] = []
    private var last = 0
    /// Filled until `finish` returns.
    package private(set) var faults: [Fault] = []

    /// - Parameters:
    ///   - step: seconds that a row stands for.
    ///   - isEnd: whether it is stamped at their end.
    ///   - carry: seconds that a value holds until the station's next row; the step does not count then.
    ///   - hasSpeed: whether directions are weighted by the speed of their rows.
    ///   - now: the present in microseconds since 1970 UTC, beyond which no value is carried.
    package init(
        of values: RowValues, step: Double, isEnd: Bool, carry: Double?, hasSpeed: Bool, now: Int64
    ) {
        self.values = values
        self.step = Int64(step * 1_000_000)
        self.isEnd = isEnd
        self.carry = carry.map { Int64($0 * 1_000_000) }
        self.hasSpeed = hasSpeed
        self.now = now
    }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - instant: its stamp in microseconds since 1970 UTC.
    ///   - columns: as `RowValues.columns` has them.
    ///   - isTouching: whether it lies in an hour that changed.
    package mutating func add(station: String, instant: Int64, columns: SIMD16<Double>, isTouching: Bool) {
        if names.isEmpty || names[last] != station { last = place(of: station) }
        let stamp = snapped(instant)
        if let slot = all[last].slot, slot.stamp != stamp { flush(last) }
        var slot = all[last].slot ?? Slot(stamp: stamp)
        slot.isTouching = slot.isTouching || isTouching
        let has = columns .== columns
        slot.sums += columns.replacing(with: 0, where: .!has)
        slot.counts += SIMD16(repeating: 0).replacing(with: 1, where: has)
        if has[4] {
            slot.north += cos(columns[4] * .pi / 180)
            slot.east += sin(columns[4] * .pi / 180)
        }
        all[last].slot = slot
    }

    /// Adds values that held from an instant to another.
    package mutating func add(station: String, from begin: Int64, to end: Int64, columns: SIMD16<Double>) {
        if names.isEmpty || names[last] != station { last = place(of: station) }
        var slot = Slot(stamp: begin, isTouching: true)
        slot.sums = columns
        slot.counts = SIMD16(repeating: 1)
        share(slot, of: last, from: begin, to: end)
    }

    private mutating func place(of station: String) -> Int {
        if let place = stations[station] { return place }
        stations[station] = all.count
        names.append(station)
        all.append(Station())
        return all.count - 1
    }

    /// Clocks are never quite right: a stamp next to a multiple of the step is that.
    private func snapped(_ instant: Int64) -> Int64 {
        let nearest = (instant + step / 2).floored(by: step) * step
        return abs(instant - nearest) <= min(step / 10, 60_000_000) ? nearest : instant
    }

    /// Shares a slot out to the hours that it overlaps.
    private mutating func flush(_ place: Int) {
        guard var slot = all[place].slot else { return }
        all[place].slot = nil
        guard let carry else {
            let begin = isEnd ? slot.stamp - step : slot.stamp
            share(slot, of: place, from: begin, to: begin + step)
            return
        }
        let next = all[place].next
        all[place].next = (slot.stamp, slot.isTouching)
        // A new row also ends what was carried from the one before.
        slot.isTouching = slot.isTouching || next?.isTouching == true
        let end = min(next?.stamp ?? max(now, slot.stamp), slot.stamp + carry)
        share(slot, of: place, from: slot.stamp, to: end)
        if slot.isTouching {
            // Hours that it may be carried into are to be looked at when they are over.
            for hour in slot.stamp.floored(by: 3_600_000_000)...(slot.stamp + carry).floored(by: 3_600_000_000) {
                all[place].hours[Int32(clamping: hour), default: Hour()].isTouched = true
            }
        }
    }

    private mutating func share(_ slot: Slot, of place: Int, from begin: Int64, to end: Int64) {
        var begin = begin
        var wrong: [RowValues.Fault] = []
        let measures = values.measures(slot.columns, &wrong)
        if slot.isTouching, !wrong.isEmpty {
            faults.append(
                Fault(station: names[place], stamp: slot.stamp, reason: wrong.map(\.reason).joined(separator: "; ")))
        }
        let speed = hasSpeed && !measures[5].isNaN ? measures[5] : 1
        let direction = measures[4] * .pi / 180
        let (north, east) = measures[4].isNaN ? (0, 0) : (speed * cos(direction), speed * sin(direction))
        while begin < end {
            let hour = begin.floored(by: 3_600_000_000)
            let until = min(end, (hour + 1) * 3_600_000_000)
            all[place].hours[Int32(clamping: hour), default: Hour()].take(
                measures, Double(until - begin) / 1e6, north, east, isTouching: slot.isTouching)
            begin = until
        }
    }

    /// Takes out the hours that no row from an instant on overlaps, and the faults so far; rows must come oldest first.
    package mutating func finish(before instant: Int64) -> (hours: [(hour: Int32, value: Hour)], faults: [Fault]) {
        var finished: [(hour: Int32, value: Hour)] = []
        // A minute more than the step, by which a stamp may have been moved.
        let first = Int32(clamping: (instant - step - 60_000_000).floored(by: 3_600_000_000))
        for place in all.indices {
            for hour in all[place].hours.keys where hour < first {
                if let value = all[place].hours.removeValue(forKey: hour) { finished.append((hour, value)) }
            }
        }
        defer { faults = [] }
        return (finished.sorted { $0.hour < $1.hour }, faults)
    }

    /// Every hour that rows overlap, once all rows are there.
    package mutating func finish() -> [(station: String, hour: Int32, value: Hour)] {
        for place in all.indices { flush(place) }
        return zip(names, all).flatMap { name, station in station.hours.map { (name, $0.key, $0.value) } }
    }
}

extension HourlyMeans.Hour {
    fileprivate mutating func take(
        _ values: SIMD8<Double>, _ weight: Double, _ north: Double, _ east: Double, isTouching: Bool
    ) {
        let has = values .== values
        covered += weight
        isTouched = isTouched || isTouching
        rows += 1
        if has[4] { direction = values[4] }
        sums += (values * weight).replacing(with: 0, where: .!has)
        weights += SIMD8(repeating: 0).replacing(with: weight, where: has)
        self.north += north * weight
        self.east += east * weight
    }
}
