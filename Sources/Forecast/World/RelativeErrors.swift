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

    /// The errors of both.
    mutating func add(_ other: RelativeErrors) {
        for lead in 0..<Forecast.leads {
            remembered[lead] += other.remembered[lead]
            scaled[lead] += other.scaled[lead]
            changes[lead] += other.changes[lead]
        }
    }

    /// Bands in multiples of the window's scale, of windows without a memory.
    var scaledBands: BandTable { Self.bands(scaled) }
    /// Bands in multiples of the station's RMS change, of windows with a memory.
    var rememberedBands: BandTable { Self.bands(remembered) }
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
            for entry in entries { bins[leadEdges.firstIndex { entry.level < $0 } ?? leadEdges.count].append(entry.error) }
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
