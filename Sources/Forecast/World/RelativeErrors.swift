/// How far a relative model was from what was observed at stations that it has not seen, in the units that bands come in.
struct RelativeErrors: Sendable {
    /// One forecast at one lead beside what was observed.
    private struct Entry {
        /// What bins go by, `BandTable.level`.
        let level: Float
        /// Observed − forecast, in multiples of the unit.
        let error: Float
    }

    /// By lead, with a station's RMS change as the unit.
    private var remembered = [[Entry]](repeating: [], count: Forecast.leads)
    /// By lead, with the window's scale as the unit.
    private var scaled = [[Entry]](repeating: [], count: Forecast.leads)
    /// By lead: persistence's, with the scale of a window of an hour or two as the unit.
    private var held = [[Entry]](repeating: [], count: Forecast.leads)
    /// By lead: observed changes in multiples of the window's scale.
    private var changes = [[Float]](repeating: [], count: Forecast.leads)

    /// Shares of the observed changes that lie below and above what a forecast may say.
    private static let limits = [0.001, 0.999]

    /// A station's windows as origins of forecasts.
    struct Windows {
        let station: RelativeSeries
        let origins: [Int]
    }

    /// Adds a model's errors.
    ///
    /// - Parameter days: days of memory, one for each origin; nil: all.
    mutating func add(_ model: Model, at windows: Windows, days: [Int?]) {
        let block = ForecastBlock(model: model, leads: Forecast.leads)
        let station = windows.station
        for first in stride(from: 0, to: windows.origins.count, by: Lanes.scalarCount) {
            let origins = windows.origins[first..<min(first + Lanes.scalarCount, windows.origins.count)]
            for (lane, origin) in origins.enumerated() {
                station.window(at: origin).withUnsafeBufferPointer {
                    block.load(
                        $0, origin: station.series.start.advanced(by: origin),
                        station.context(at: origin, days: days[first + lane]), lane: lane)
                }
            }
            block.run(lanes: origins.count)
            // Every other block knows one hour, the others two.
            addPersistence(of: windows, origins, knownHours: first / Lanes.scalarCount % 2 + 1)
            for lead in 0..<Forecast.leads {
                let output = block.output(lead: lead)
                let pm25 = output.replacing(with: 0, where: output .< 0)
                let (level, scale, change) = block.bandUnits(of: pm25, lead: lead)
                for (lane, origin) in origins.enumerated() {
                    let observed = station.observed(origin, lead + 1)
                    if observed.isNaN { continue }
                    let error = observed - pm25[lane]
                    changes[lead].append((observed - station.rows[origin].pm25) / scale[lane])
                    if change[lane].isNaN {
                        scaled[lead].append(Entry(level: level[lane], error: error / scale[lane]))
                    } else {
                        remembered[lead].append(Entry(level: level[lane], error: error / change[lane]))
                    }
                }
            }
        }
    }

    /// Adds the errors of persistence where only the newest hours of a window are known.
    private mutating func addPersistence(of windows: Windows, _ origins: ArraySlice<Int>, knownHours: Int) {
        let station = windows.station
        var pm25 = [Lanes](repeating: Lanes(repeating: .nan), count: Window.length)
        for (lane, origin) in origins.enumerated() {
            for back in 0..<knownHours { pm25[Window.length - 1 - back][lane] = station.rows[origin - back].pm25 }
        }
        let last = pm25[Window.length - 1]
        let window = WindowLanes.levelAndScale(pm25)
        let level = BandTable.level(last, mean: window.mean, scale: window.scale)
        for (lane, origin) in origins.enumerated() {
            for lead in 1...Forecast.leads {
                let error = station.observed(origin, lead) - last[lane]
                if error.isNaN { continue }
                held[lead - 1].append(Entry(level: level[lane], error: error / window.scale[lane]))
            }
        }
    }

    /// The errors of both.
    mutating func add(_ other: RelativeErrors) {
        for lead in 0..<Forecast.leads {
            remembered[lead] += other.remembered[lead]
            scaled[lead] += other.scaled[lead]
            held[lead] += other.held[lead]
            changes[lead] += other.changes[lead]
        }
    }

    /// Bands in multiples of the window's scale, of windows without a memory.
    var scaledBands: BandTable { Self.bands(scaled) }
    /// Bands in multiples of the station's RMS change, of windows with a memory.
    var rememberedBands: BandTable { Self.bands(remembered) }
    /// Bands of persistence in multiples of the window's scale, where an hour or two are known.
    var persistenceBands: BandTable { Self.bands(held) }
    /// What forecasts are clipped to.
    var changeLimits: [ClosedRange<Float>] {
        changes.map { changes in
            let sorted = changes.sorted()
            let edges = Self.limits.map { BandTable.quantile($0, of: sorted) }
            return min(edges[0], -0.1)...max(edges[1], 0.1)
        }
    }

    private static func bands(_ leads: [[Entry]]) -> BandTable {
        var (edges, residuals): ([[Float]], [[[Float]]]) = ([], [])
        for entries in leads {
            let levels = entries.map(\.level).sorted()
            let leadEdges = BandTable.shares.map { BandTable.quantile($0, of: levels) }
            var bins = [[Float]](repeating: [], count: leadEdges.count + 1)
            for entry in entries {
                bins[leadEdges.firstIndex { entry.level < $0 } ?? leadEdges.count].append(entry.error)
            }
            edges.append(leadEdges)
            residuals.append(
                bins.map { errors in
                    let sorted = errors.sorted()
                    return BandTable.quantiles.map { BandTable.quantile($0, of: sorted) }
                })
        }
        return BandTable(edges: edges, residuals: residuals)
    }
}
