import NetworkKernel

extension Model {
    /// SHA-256 in lower-case hex over what a forecast depends on: architecture, normalisation, weights and bands.
    ///
    /// It covers the meaning and not the JSON text, because PostgreSQL's `jsonb` reorders keys and rewrites numbers.
    /// Names and scores may change without making it another model. Strings and lists are preceded by their length,
    /// numbers are little-endian, floats by their bits, so no two models can give the same bytes.
    static func digest(
        _ architecture: Architecture, _ normalisation: Normalisation, _ networks: [Network], bands: BandTable?,
        memoryBands: BandTable?, persistenceBands: BandTable?, limits: [ClosedRange<Float>]?
    ) -> String {
        var bytes: [UInt8] = []
        func append(_ number: UInt32) {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        func append(_ text: String) {
            append(UInt32(text.utf8.count))
            bytes += text.utf8
        }
        append("hazecast model \(formatVersion)")
        append(UInt32(architecture.inputs.count))
        for (feature, scale) in zip(architecture.inputs, normalisation.inputs) {
            append(feature.rawValue)
            append(scale.offset.bitPattern)
            append(scale.scale.bitPattern)
        }
        append(normalisation.output.offset.bitPattern)
        append(normalisation.output.scale.bitPattern)
        append(architecture.head.rawValue)
        append(UInt32(networks.count))
        for (name, shape) in architecture.shape.tensors {
            append(name)
            append(UInt32(shape.count))
            shape.forEach { append(UInt32($0)) }
        }
        networks.forEach { $0.weights.forEach { append($0.bitPattern) } }
        func append(_ table: BandTable) {
            for (edges, bins) in zip(table.edges, table.residuals) {
                append(UInt32(edges.count))
                (edges + bins.flatMap { $0 }).forEach { append($0.bitPattern) }
            }
        }
        // Bands came first and have no name; the others do, because each may be there without those before it.
        if let bands { append(bands) }
        for (name, table) in [("memory_bands", memoryBands), ("persistence_bands", persistenceBands)] {
            guard let table else { continue }
            append(name)
            append(table)
        }
        if let limits {
            append("limits")
            append(UInt32(limits.count))
            limits.forEach {
                append($0.lowerBound.bitPattern)
                append($0.upperBound.bitPattern)
            }
        }
        return hexSHA256(bytes)
    }
}
