public import Foundation
import NetworkKernel

extension Model {
    /// Version of the file format that this build reads and writes.
    static let formatVersion = 1

    /// Reads a model file, strictly: unknown keys are errors, and the checksum must be that of the content.
    ///
    /// Key order and the way numbers are written do not matter, so a model that has been through PostgreSQL's `jsonb`
    /// still verifies.
    ///
    /// - Throws: one `ForecastError` that names what is wrong.
    public init(json: Data) throws(ForecastError) {
        let file = try JSONReader(JSONValue(json: json), path: "model")
        let version = try file.member("format_version")
        guard version.value == .number(Self.formatVersion) else {
            throw ForecastError(
                .unknownFormat,
                "the model file has format version \(version.value.line); this build reads \(Self.formatVersion)")
        }
        try file.allow([
            "format_version", "name", "preset", "architecture", "normalisation", "parameters", "bands",
            "memory_bands", "persistence_bands", "limits", "training", "scores", "sha256",
        ])
        let architecture = try Architecture(file.member("architecture"))
        let name = try file.member("name").string()
        guard !name.isEmpty else { throw ForecastError(.malformed, "model.name is empty") }
        try self.init(
            name: name,
            preset: file.member("preset").string(),
            architecture: architecture,
            normalisation: Normalisation(file.member("normalisation"), for: architecture),
            weights: Self.weights(file.member("parameters"), for: architecture),
            bands: BandTable.read(file.member("bands")),
            memoryBands: Self.bands("memory_bands", in: file),
            persistenceBands: Self.bands("persistence_bands", in: file),
            limits: file.optional("limits").map { json throws(ForecastError) in try Self.limits(json) },
            training: file.member("training").object(),
            scores: file.member("scores").object())
        let stated = try file.member("sha256").string()
        guard stated == sha256 else {
            throw ForecastError(.wrongChecksum, "the model file is damaged: its content does not have its sha256")
        }
    }

    /// The model file, readable by people: keys sorted, one tensor a line.
    public func json() -> Data {
        var parameters: [String: JSONValue] = [:]
        var offset = 0
        for (name, shape) in architecture.shape.tensors {
            let count = shape.reduce(1, *)
            parameters[name] = .object([
                "shape": .array(architecture.shapeInFile(shape).map { .number($0) }),
                "values": .array(networks.flatMap { $0.weights[offset..<offset + count] }.map { .number($0) }),
            ])
            offset += count
        }
        var file: [String: JSONValue] = [
            "format_version": .number(Self.formatVersion),
            "name": .string(name),
            "preset": .string(preset),
            "architecture": architecture.json,
            "normalisation": normalisation.json(for: architecture),
            "parameters": .object(parameters),
            "bands": bands?.json ?? .null,
            "training": training,
            "scores": scores,
            "sha256": .string(sha256),
        ]
        file["memory_bands"] = memoryBands?.json
        file["persistence_bands"] = persistenceBands?.json
        file["limits"] = limits.map { limits in
            .array(limits.map { .array([.number($0.lowerBound), .number($0.upperBound)]) })
        }
        return Data((JSONValue.object(file).text + "\n").utf8)
    }

    private static func bands(_ key: String, in file: JSONReader) throws(ForecastError) -> BandTable? {
        guard let json = file.optional(key) else { return nil }
        return try BandTable.read(json)
    }

    private static func limits(_ json: JSONReader) throws(ForecastError) -> [ClosedRange<Float>] {
        var limits: [ClosedRange<Float>] = []
        for lead in try json.array() {
            let pair = try lead.floats()
            guard pair.count == 2, pair[0] < 0, pair[1] > 0 else {
                throw ForecastError(.malformed, "\(lead.path) must be a number below 0 and one above")
            }
            limits.append(pair[0]...pair[1])
        }
        guard limits.count == Forecast.leads else {
            throw ForecastError(.wrongShape, "\(json.path) must have a pair for each lead")
        }
        return limits
    }

    /// All members' weights, one member after another.
    private static func weights(
        _ parameters: JSONReader, for architecture: Architecture
    ) throws(ForecastError) -> [Float] {
        let tensors = architecture.shape.tensors
        try parameters.allow(tensors.map(\.name))
        var weights = [[Float]](repeating: [], count: architecture.members)
        for (name, shape) in tensors {
            let tensor = try parameters.member(name)
            try tensor.allow(["shape", "values"])
            let expected = architecture.shapeInFile(shape)
            guard try tensor.member("shape").array().map({ $0.value }) == expected.map({ .number($0) }) else {
                throw ForecastError(.wrongShape, "\(tensor.path) must have the shape \(expected)")
            }
            let values = try tensor.member("values").floats()
            guard values.count == expected.reduce(1, *) else {
                throw ForecastError(.wrongShape, "\(tensor.path) has \(values.count) values for the shape \(expected)")
            }
            let count = shape.reduce(1, *)
            for member in weights.indices {
                weights[member] += values[member * count..<(member + 1) * count]
            }
        }
        return weights.flatMap { $0 }
    }
}

extension Architecture {
    init(_ json: JSONReader) throws(ForecastError) {
        try json.allow(["inputs", "hidden", "head", "biases", "members"])
        var inputs: [Feature] = []
        for entry in try json.member("inputs").array() {
            let name = try entry.string()
            guard let feature = Feature(rawValue: name), !inputs.contains(feature) else {
                throw ForecastError(.malformed, "\(entry.path): \"\(name)\" is unknown or there twice")
            }
            inputs.append(feature)
        }
        var hidden: [Int] = []
        for entry in try json.member("hidden").array() {
            hidden.append(try entry.integer(in: 1...Self.largestLayer))
        }
        guard let head = Head(rawValue: try json.member("head").string()) else {
            throw ForecastError(.malformed, "\(json.path).head must be next_hour, changes or relative_changes")
        }
        self.init(
            inputs: inputs, hidden: hidden, head: head, biases: try json.member("biases").bool(),
            members: try json.member("members").integer(in: 1...Self.mostMembers))
        guard (1...2).contains(hidden.count) else {
            throw ForecastError(.malformed, "\(json.path) must have one or two hidden layers")
        }
        if head == .relativeChanges {
            guard inputs.contains(.pm25Relative) else {
                throw ForecastError(.malformed, "\(json.path) must have the input pm25_relative")
            }
            return
        }
        guard inputs.contains(.pm25), !inputs.contains(where: \.isRelative) else {
            throw ForecastError(
                .malformed, "\(json.path) must have the input pm25, and none that is relative to the window")
        }
        guard head != .nextHour || (members == 1 && inputs.allSatisfy(Feature.ofOneHour.contains)) else {
            throw ForecastError(
                .malformed, "\(json.path): a next_hour network has one member, and inputs of one hour each")
        }
    }

    var json: JSONValue {
        .object([
            "inputs": .array(inputs.map { .string($0.rawValue) }),
            "hidden": .array(hidden.map { .number($0) }),
            "head": .string(head.rawValue),
            "biases": .bool(biases),
            "members": .number(members),
        ])
    }

    /// A tensor's shape in a model file: an ensemble's have the members as their first dimension.
    fileprivate func shapeInFile(_ shape: [Int]) -> [Int] { members == 1 ? shape : [members] + shape }
}

extension Normalisation {
    init(_ json: JSONReader, for architecture: Architecture) throws(ForecastError) {
        try json.allow(["inputs", "output"])
        let scales = try json.member("inputs")
        try scales.allow(architecture.inputs.map(\.rawValue))
        var inputs: [Scale] = []
        for feature in architecture.inputs {
            inputs.append(try Scale(scales.member(feature.rawValue)))
        }
        self.init(inputs: inputs, output: try Scale(json.member("output")))
    }

    func json(for architecture: Architecture) -> JSONValue {
        let scales = zip(architecture.inputs, inputs).map { ($0.rawValue, $1.json) }
        return .object(["inputs": .object(Dictionary(uniqueKeysWithValues: scales)), "output": output.json])
    }
}

extension Normalisation.Scale {
    fileprivate init(_ json: JSONReader) throws(ForecastError) {
        try json.allow(["offset", "scale"])
        self.init(offset: try json.member("offset").float(), scale: try json.member("scale").float())
    }

    fileprivate var json: JSONValue { .object(["offset": .number(offset), "scale": .number(scale)]) }
}

extension BandTable {
    /// - Returns: nil for null.
    fileprivate static func read(_ json: JSONReader) throws(ForecastError) -> BandTable? {
        if json.value == .null { return nil }
        try json.allow(["edges", "residuals"])
        var edges: [[Float]] = []
        for lead in try json.member("edges").array() {
            edges.append(try lead.floats())
        }
        var residuals: [[[Float]]] = []
        for lead in try json.member("residuals").array() {
            var bins: [[Float]] = []
            for bin in try lead.array() {
                bins.append(try bin.floats())
            }
            residuals.append(bins)
        }
        guard edges.count == Forecast.leads, residuals.count == Forecast.leads,
            zip(edges, residuals).allSatisfy({ edges, bins in
                edges == edges.sorted() && bins.count == edges.count + 1
                    && bins.allSatisfy { $0.count == quantiles.count && $0 == $0.sorted() }
            })
        else {
            throw ForecastError(.wrongShape, "\(json.path) must have ascending edges and residuals for every lead")
        }
        return BandTable(edges: edges, residuals: residuals)
    }

    fileprivate var json: JSONValue {
        func row(_ values: [Float]) -> JSONValue { .array(values.map { .number($0) }) }
        return .object([
            "edges": .array(edges.map(row)),
            "residuals": .array(residuals.map { .array($0.map(row)) }),
        ])
    }
}
