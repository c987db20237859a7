/// A series laid out so that 16 of its windows are read side by side without being gathered.
///
/// The windows are cut into 16 stripes of equal length, one a lane. Lane l of row r is hour `r + l * blocks`, so block b,
/// which is rows b to b + 23, holds the windows that begin at the hours `b + l * blocks`, months apart from each other.
struct StripedSeries {
    /// Windows in each stripe.
    let blocks: Int
    let inputs: Int
    /// Scaled inputs, row by row.
    let rows: [Lanes]
    /// Scaled pm25 by row; NaN where it must not be learnt from.
    let labels: [Lanes]

    /// - Parameters:
    ///   - values: scaled inputs, hour by hour.
    ///   - labels: what the hour's pm25 is, scaled as the output is; NaN where it must not be learnt from.
    ///   - rolloutSteps: hours that training predicts in a row from a window.
    init(values: [Float], labels: [Float], inputs: Int, rolloutSteps: Int) {
        let windows = max(labels.count - Window.length, 0)
        let blocks = (windows + Lanes.scalarCount - 1) / Lanes.scalarCount
        let rowCount = blocks + Window.length + rolloutSteps - 1
        self.blocks = blocks
        self.inputs = inputs
        self.rows = (0..<rowCount * inputs).map { entry in
            var lanes = Lanes.zero
            for lane in 0..<Lanes.scalarCount where entry + lane * blocks * inputs < values.count {
                lanes[lane] = values[entry + lane * blocks * inputs]
            }
            return lanes
        }
        self.labels = (0..<rowCount).map { row in
            var lanes = Lanes(repeating: .nan)
            for lane in 0..<Lanes.scalarCount where row + lane * blocks < labels.count {
                lanes[lane] = labels[row + lane * blocks]
            }
            return lanes
        }
    }
}
