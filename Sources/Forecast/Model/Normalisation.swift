/// The linear scales between measures and what the network sees; they travel with the weights.
public struct Normalisation: Sendable, Equatable {
    /// One value's scale: `scaled = (value - offset) / scale`.
    public struct Scale: Sendable, Equatable {
        /// In the value's own unit; what becomes 0.
        public let offset: Float
        /// In the value's own unit, above zero; what becomes 1 above the offset.
        public let scale: Float

        /// A scale from its two numbers.
        public init(offset: Float, scale: Float) {
            self.offset = offset
            self.scale = scale
        }

        /// The scale that maps the least of the values to 0 and the greatest to 1; NaN is passed over.
        ///
        /// Values that are all equal map to 0, none at all leave the scale the identity.
        public init(rangeOf values: some Sequence<Float>) {
            var least = Float.infinity
            var greatest = -Float.infinity
            for value in values where !value.isNaN {
                least = min(least, value)
                greatest = max(greatest, value)
            }
            let isEmpty = least > greatest
            self.init(offset: isEmpty ? 0 : least, scale: greatest > least ? greatest - least : 1)
        }

        /// The scale that maps the values' mean to 0 and one standard deviation to 1; the identity where there is none.
        init(deviationOf values: [Float]) {
            let mean = values.reduce(0.0) { $0 + Double($1) } / Double(max(values.count, 1))
            let variance =
                values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(values.count, 1))
            let deviation = Float(variance.squareRoot())
            self.init(offset: Float(mean), scale: deviation > 0 ? deviation : 1)
        }

        /// A value as the network sees it.
        public func scaled(_ value: Float) -> Float { (value - offset) / scale }

        /// A network's value in its own unit.
        public func unscaled(_ value: Float) -> Float { offset + value * scale }
    }

    /// One scale an input, in the architecture's order.
    public let inputs: [Scale]
    /// The output's scale, µg/m³.
    public let output: Scale

    /// A normalisation from its scales.
    public init(inputs: [Scale], output: Scale) {
        self.inputs = inputs
        self.output = output
    }
}
