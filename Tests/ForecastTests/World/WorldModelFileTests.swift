import Foundation
import Testing

@testable import Forecast

@Suite struct WorldModelFileTests {
    private static let limits = (0..<Forecast.leads).map { lead -> ClosedRange<Float> in
        -0.5 - Float(lead)...1.25 + Float(lead)
    }

    /// `someWorld` with bands and limits of a test's own.
    private func world(
        bands: BandTable? = nil, memory: BandTable? = nil, persistence: BandTable? = nil,
        limits: [ClosedRange<Float>]? = nil
    ) throws -> Model {
        let model = try someWorld(hidden: [3, 2], members: 2)
        return try Model(
            name: "some", preset: "world", architecture: model.architecture, normalisation: model.normalisation,
            weights: model.networks.flatMap(\.weights), bands: bands, memoryBands: memory,
            persistenceBands: persistence, limits: limits, training: .object([:]), scores: .object([:]))
    }

    private func file(_ model: Model) throws -> [String: JSONValue] {
        guard case .object(let file) = try JSONValue(json: model.json()) else { return [:] }
        return file
    }

    @Test func everythingReadsBackAsItWasWritten() throws {
        let tables = [nil, someBands(1), someBands(2)]
        for (memory, persistence) in [(0, 0), (0, 1), (1, 0), (1, 2)] {
            for limits in [nil, Self.limits] {
                let model = try world(
                    bands: someBands(3), memory: tables[memory], persistence: tables[persistence], limits: limits)
                let again = try Model(json: model.json())
                #expect(again.memoryBands == model.memoryBands && again.persistenceBands == model.persistenceBands)
                #expect(again.bands == model.bands && again.limits == model.limits)
                #expect(again.architecture == model.architecture && again.sha256 == model.sha256)
                #expect(again.json() == model.json())
            }
        }
    }

    @Test func otherScoresAreTheSameModel() throws {
        let model = try someWorld(limits: Self.limits)
        let scored = try model.with(scores: .object(["skill": .number(1)]))
        #expect(scored.sha256 == model.sha256 && scored.limits == model.limits)
        #expect(scored.memoryBands == model.memoryBands && scored.persistenceBands == model.persistenceBands)
    }

    /// jsonb puts shorter keys first and writes numbers without exponents.
    @Test func aStayInJSONBLeavesItWhole() throws {
        var edges = someBands(1).residuals
        edges[3][1] = [-0.0, 0, 1e-7, 1e9]
        let table = BandTable(edges: someBands(1).edges, residuals: edges)
        let model = try world(bands: table, memory: table, persistence: someBands(2), limits: Self.limits)
        func text(_ value: JSONValue) -> String {
            switch value {
            case .object(let members):
                let sorted = members.sorted { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }
                return "{" + sorted.map { "\"\($0.key)\": \(text($0.value))" }.joined(separator: ", ") + "}"
            case .array(let elements): return "[" + elements.map(text).joined(separator: ", ") + "]"
            case .number(let number): return NSDecimalNumber(string: number.description).stringValue
            default: return value.line
            }
        }
        let again = try Model(json: Data(text(JSONValue(json: model.json())).utf8))
        #expect(again.sha256 == model.sha256 && again.memoryBands == model.memoryBands)
    }

    /// No two models that forecast differently have the same digest: not even those whose bands are the same and mean
    /// others.
    @Test func eachPartAndItsPlaceChangeTheDigest() throws {
        let (a, b) = (someBands(1), someBands(2))
        var otherLimits = Self.limits
        otherLimits[23] = otherLimits[23].lowerBound...otherLimits[23].upperBound.nextUp
        var residuals = a.residuals
        residuals[23][3][3] = residuals[23][3][3].nextUp
        let models = try [
            world(), world(bands: a), world(memory: a), world(persistence: a), world(limits: Self.limits),
            world(limits: otherLimits), world(bands: a, memory: b), world(bands: a, persistence: b),
            world(bands: b, memory: a), world(memory: a, persistence: b), world(memory: b, persistence: a),
            world(bands: a, memory: a, persistence: a, limits: Self.limits),
            world(memory: BandTable(edges: a.edges, residuals: residuals)),
            world(persistence: BandTable(edges: a.edges, residuals: residuals)),
        ]
        #expect(Set(models.map(\.sha256)).count == models.count)
    }

    /// A digest stands beside each forecast in the ledger, and a database refuses a model whose digest is another.
    @Test(arguments: [
        ("chapter", "5e93470b25b64b0cb2c61b67a8f32f33de83c1e465240aff4d9247a8ee6400a5"),
        ("operational", "8db4e36fa1e5863f3492d5cb64e7ceb5e05a2ab1bd7e0bc886e0ba874a501d72"),
    ])
    func modelsOfEarlierReleasesKeepTheirDigest(name: String, sha256: String) throws {
        let models = URL(filePath: #filePath).appending(path: "../../../../models").standardized
        let model = try Model(json: Data(contentsOf: models.appending(path: "\(name).json")))
        #expect(model.sha256 == sha256)
        let keys = try file(model).keys
        #expect(!keys.contains("memory_bands") && !keys.contains("persistence_bands") && !keys.contains("limits"))
    }

    static let damages: [(key: String, value: JSONValue, code: ForecastError.Code)] = [
        ("memory_band", .null, .malformed),
        ("memory_bands", .array([]), .malformed),
        ("memory_bands", .object(["edges": .array([]), "residuals": .array([])]), .wrongShape),
        ("persistence_bands", .object(["edges": .array([]), "residuals": .array([]), "more": .null]), .malformed),
        ("memory_bands", .null, .wrongChecksum),
        ("persistence_bands", .null, .wrongChecksum),
        ("limits", .array([]), .wrongShape),
        ("limits", .number(1), .malformed),
        ("limits", .array(Array(repeating: .array([.number(-1)]), count: 24)), .malformed),
        ("limits", .array(Array(repeating: .array([.number(1), .number(2)]), count: 24)), .malformed),
        ("limits", .array(Array(repeating: .array([.number(-2), .number(-1)]), count: 24)), .malformed),
        ("limits", .array(Array(repeating: .array([.number(-1), .number(1)]), count: 23)), .wrongShape),
        ("limits", .array(Array(repeating: .array([.number(-1), .number(1)]), count: 24)), .wrongChecksum),
    ]

    @Test(arguments: damages.indices) func eachKindOfDamageIsOneClearError(_ index: Int) throws {
        let damage = Self.damages[index]
        let model = try world(bands: someBands(1), memory: someBands(2), persistence: someBands(3), limits: Self.limits)
        var file = try file(model)
        file[damage.key] = damage.value
        let error = #expect(throws: ForecastError.self) { try Model(json: Data(JSONValue.object(file).text.utf8)) }
        #expect(error?.code == damage.code, "\(damage.key): \(error?.message ?? "none")")
        #expect(error?.message.contains("\n") == false)
    }

    @Test func relativeInputsAndHeadsGoTogether() throws {
        for (head, inputs) in [("relative_changes", ["pm25"]), ("changes", ["pm25", "pm25_relative"])] {
            var file = try file(world())
            guard case .object(var architecture) = file["architecture"] else { continue }
            architecture["head"] = .string(head)
            architecture["inputs"] = .array(inputs.map { .string($0) })
            file["architecture"] = .object(architecture)
            let error = #expect(throws: ForecastError.self) { try Model(json: Data(JSONValue.object(file).text.utf8)) }
            #expect(error?.code == .malformed)
        }
    }
}
