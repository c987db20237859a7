import Forecast
import Foundation

/// The hours of a file whose rows have been read, by station and in order.
public struct FileReadings {
    /// The measures that the file has values of, in the table's order; it says nothing of the others.
    public let measures: [MeasureColumn]
    /// What became of its rows; complete when the last reading is out.
    public private(set) var report: FileReport

    private let name: String
    private let layout: FileLayout
    private let values: RowValues
    private let stations: [String]
    private let step: Double
    private let hasSpeed: Bool
    private let sorter: RowSorter

    private var ready: [ParsedReading] = []
    private var next = 0
    private var isAtEnd = false
    /// The rows of one station and time so far.
    private var row: RowSorter.Row?
    private var hours: HourlyMeans
    private var sinceDrained = 0
    /// The values that hold, and since when.
    private var held = SIMD16<Double>(repeating: .nan)
    private var heldSince = [Int64](repeating: 0, count: 16)
    /// Times of a station that follow the one before by less than the step, and the others.
    private var gaps = (short: 0, long: 0)

    init(
        name: String, layout: FileLayout, values: RowValues, stations: [String], sorter: RowSorter,
        report: FileReport
    ) {
        (self.name, self.layout, self.values, self.stations) = (name, layout, values, stations)
        (self.sorter, self.report) = (sorter, report)
        step = layout.step ?? 3_600
        func has(_ names: String...) -> Bool {
            names.allSatisfy { name in
                RowValues.order.firstIndex(of: name).map { report.filled & 1 << UInt16($0) != 0 } ?? false
            }
        }
        hasSpeed = has("wind_speed") || has("wind_u", "wind_v")
        let derived = [
            "dew_point": has("temperature", "humidity"), "wind_direction": has("wind_u", "wind_v"),
            "wind_speed": has("wind_u", "wind_v"),
        ]
        measures = MeasureColumn.allCases.filter { has($0.rawValue) || derived[$0.rawValue] == true }
        hours = HourlyMeans(of: values, step: step, isEnd: layout.isEnd, carry: nil, hasSpeed: hasSpeed, now: 0)
    }

    /// The next hour; nil at the end.
    public mutating func popFirst() throws(SourceError) -> ParsedReading? {
        while next == ready.count {
            if isAtEnd { return nil }
            (ready, next) = ([], 0)
            try advance()
        }
        next += 1
        return ready[next - 1]
    }

    /// Takes a row.
    private mutating func advance() throws(SourceError) {
        guard let new = sorter.popFirst() else {
            finishStation()
            isAtEnd = true
            if gaps.short > 2 * gaps.long, layout.carry == nil {
                throw SourceError(
                    .options, file: name,
                    "rows follow each other by less than --step \(Self.shown(step)), for which each stands; give the time "
                        + "between them")
            }
            return
        }
        guard var before = row else {
            row = new
            return
        }
        guard before.station == new.station, before.instant == new.instant else {
            if before.station == new.station {
                if Double(new.instant - before.instant) < 0.75e6 * step { gaps.short += 1 } else { gaps.long += 1 }
                pass(until: new.instant)
            } else {
                finishStation()
            }
            row = new
            return
        }
        if try merge(new, into: &before) {
            row = before
        } else {
            pass(until: new.instant)
            row = new
        }
    }

    /// Makes one row of two of the same station and time; false where both are to be averaged.
    private mutating func merge(_ new: RowSorter.Row, into row: inout RowSorter.Row) throws(SourceError) -> Bool {
        let all: UInt16 = 1 << 15
        let both = new.mask == row.mask ? new.mask : new.mask & row.mask
        let (old, has) = (row.values, new.values .== new.values)
        let differs = has .& (old .== old) .& (old .!= new.values)
        let isSame = both == 0 || !any(differs)
        if isSame, both == 0 || layout.repeats != .last {
            row.values.replace(with: new.values, where: has)
            row.mask |= new.mask
            return true
        }
        switch layout.repeats ?? (layout.step == nil && layout.carry == nil ? nil : .mean) {
        case .last:
            report.repeated += 1
            if both == all {
                row.values = new.values
            } else {
                for place in 0..<15 where new.mask & 1 << UInt16(place) != 0 { row.values[place] = new.values[place] }
            }
            row.mask |= new.mask
            return true
        case .mean:
            report.repeated += 1
            return false
        case nil:
            throw SourceError(
                .options, file: name,
                "lines \(row.line) and \(new.line) say different things of one station and time: select rows with --where, "
                    + "or say with --repeats mean or --repeats last what counts")
        }
    }

    /// Adds the row, whose station's next one is at an instant.
    private mutating func pass(until instant: Int64) {
        guard let row else { return }
        let station = stations[row.station]
        if let carry = layout.carry {
            hold(row, station, until: instant, Int64(carry * 1e6))
        } else {
            hours.add(station: station, instant: row.instant, columns: row.values, isTouching: true)
        }
        sinceDrained += 1
        if sinceDrained == 1_024 { drain(station, hours.finish(before: row.instant)) }
    }

    /// Adds what held from the row to an instant, each value for so long at most.
    private mutating func hold(_ row: RowSorter.Row, _ station: String, until instant: Int64, _ carry: Int64) {
        for place in 0..<15 where row.mask & (1 << UInt16(place)) != 0 || row.mask & 1 << 15 != 0 {
            held[place] = row.values[place]
            heldSince[place] = row.instant
        }
        var now = row.instant
        while now < instant {
            for place in 0..<15 where heldSince[place] + carry <= now { held[place] = .nan }
            guard any(held .== held) else { return }
            let ends = (0..<15).filter { !held[$0].isNaN }.map { heldSince[$0] + carry }
            let end = min(instant, ends.min() ?? instant)
            hours.add(station: station, from: now, to: end, columns: held)
            now = end
        }
    }

    private mutating func finishStation() {
        guard let row else { return }
        // A value that changes no more holds for nobody knows how long.
        pass(until: row.instant)
        let station = stations[row.station]
        let all = hours.finish().sorted { $0.hour < $1.hour }.map { ($0.hour, $0.value) }
        drain(station, (all, hours.faults))
        hours = HourlyMeans(of: values, step: step, isEnd: layout.isEnd, carry: nil, hasSpeed: hasSpeed, now: 0)
        held = SIMD16(repeating: .nan)
        self.row = nil
    }

    private mutating func drain(
        _ station: String, _ finished: (hours: [(hour: Int32, value: HourlyMeans.Hour)], faults: [HourlyMeans.Fault])
    ) {
        sinceDrained = 0
        for fault in finished.faults {
            let hour = UTCHour(containing: fault.stamp.floored(by: 1_000_000))
            report.lose(fault.reason, line: 0, text: "\(fault.station), hour \(hour)")
        }
        for (hour, value) in finished.hours {
            guard value.isComplete else {
                report.incomplete += 1
                continue
            }
            var measures = Measures()
            for (column, mean) in zip(MeasureColumn.allCases, value.means) { measures[column] = mean }
            ready.append(ParsedReading(station: station, hour: UTCHour(hoursSinceEpoch: hour), measures: measures))
        }
    }

    private static func shown(_ seconds: Double) -> String {
        seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
