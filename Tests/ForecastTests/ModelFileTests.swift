import Foundation
import Testing

@testable import Forecast
import NetworkKernel

/// The text of a model file, as an object that a test may damage.
private func someFile() throws -> [String: JSONValue] {
    guard case .object(let file) = try JSONValue(json: someModel().json()) else {
        throw ForecastError(.malformed, "a model file is an object")
    }
    return file
}

private func read(_ file: [String: JSONValue]) throws(ForecastError) -> Model {
    try Model(json: Data(JSONValue.object(file).text.utf8))
}

extension JSONValue {
    /// This value with the value at a path of keys replaced, or removed where nil is given.
    fileprivate func replacing(_ path: [String], with replacement: JSONValue?) -> JSONValue {
        guard let key = path.first, case .object(var members) = self else { return replacement ?? self }
        if path.count == 1 {
            members[key] = replacement
        } else {
            members[key] = members[key]?.replacing(Array(path.dropFirst()), with: replacement)
        }
        return .object(members)
    }
}

@Suite struct ModelFileTests {
    @Test func aModelReadsBackAsItWasWritten() throws {
        for model in try [someModel(), someModel(.chapterSingle), someEnsemble()] {
            let again = try Model(json: model.json())
            #expect(again.name == model.name && again.preset == model.preset)
            #expect(again.architecture == model.architecture)
            #expect(again.normalisation == model.normalisation)
            #expect(again.networks.map(\.weights) == model.networks.map(\.weights))
            #expect(again.bands == model.bands)
            #expect(again.training == model.training && again.scores == model.scores)
            #expect(again.sha256 == model.sha256)
            #expect(again.json() == model.json())
        }
    }

    /// jsonb sorts keys by length and then bytes, writes numbers without exponents, and knows no -0.
    @Test func aModelVerifiesAfterAStayInJSONB() throws {
        var weights = try someModel().networks[0].weights
        weights[3] = 1e-05
        weights[4] = -0.0
        weights[5] = Float(bitPattern: 12_345)
        weights[6] = 123_456_790_528
        let model = try Model(
            name: "some", preset: "chapter", architecture: .chapter, normalisation: someModel().normalisation,
            weights: weights, training: .object(["rate": .number(1e-05)]), scores: .object([:]))
        let text = asJSONB(try JSONValue(json: model.json()))
        #expect(!text.contains("e-"))
        let again = try Model(json: Data(text.utf8))
        #expect(again.sha256 == model.sha256)
        #expect(again.networks[0].weights == model.networks[0].weights)
    }

    private func asJSONB(_ value: JSONValue) -> String {
        switch value {
        case .object(let members):
            let sorted = members.sorted { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }
            return "{" + sorted.map { "\"\($0.key)\": \(asJSONB($0.value))" }.joined(separator: ", ") + "}"
        case .array(let elements): return "[" + elements.map(asJSONB).joined(separator: ", ") + "]"
        case .number(let number):
            let decimal = NSDecimalNumber(string: number.description)
            return number == 0 ? "0.0" : decimal.stringValue
        default: return value.line
        }
    }

    static let damages: [(path: [String], value: JSONValue?, code: ForecastError.Code)] = [
        (["format_version"], .number(2), .unknownFormat),
        (["format_version"], .string("1"), .unknownFormat),
        (["format_version"], nil, .malformed),
        (["name"], nil, .malformed),
        (["name"], .string(""), .malformed),
        (["extra"], .null, .malformed),
        (["architecture", "extra"], .null, .malformed),
        (["architecture", "inputs"], .array([.string("pm25"), .string("pm25")]), .malformed),
        (["architecture", "inputs"], .array([.string("ozone")]), .malformed),
        (["architecture", "hidden"], .array([]), .malformed),
        (["architecture", "hidden"], .array([.number(2)]), .malformed),
        (["architecture", "hidden"], .array([.number(2), .number(2), .number(2)]), .malformed),
        (["architecture", "hidden"], .array([.number(2), .number(0)]), .malformed),
        (["architecture", "hidden"], .array([.number(2), .number(-2)]), .malformed),
        (["architecture", "hidden"], .array([.number(1e9), .number(1e9)]), .malformed),
        (["architecture", "hidden"], .array([.number(2), .number(3)]), .wrongShape),
        (["architecture", "biases"], .bool(true), .malformed),
        (["architecture", "head"], .string("head"), .malformed),
        (["architecture", "head"], .string("changes"), .wrongShape),
        (["architecture", "members"], .number(0), .malformed),
        (["architecture", "members"], .number(2), .malformed),
        (["architecture", "members"], .number(1_000_000), .malformed),
        (["architecture", "inputs"], .array([.string("pm25"), .string("pm25_change_1h")]), .malformed),
        (["bands"], nil, .malformed),
        (["bands"], .object(["edges": .array([]), "residuals": .array([])]), .wrongShape),
        (["normalisation", "inputs", "pm25"], nil, .malformed),
        (["normalisation", "inputs", "pm25", "scale"], .number(0), .notFinite),
        (["normalisation", "output", "scale"], .number(-1), .notFinite),
        (["normalisation", "output", "offset"], .number(1), .wrongChecksum),
        (["parameters", "U"], nil, .malformed),
        (["parameters", "b1"], .object([:]), .malformed),
        (["parameters", "V", "shape"], .array([.number(1), .number(2)]), .wrongShape),
        (["parameters", "V", "values"], .array([.number(1)]), .wrongShape),
        (["parameters", "V", "values"], .array([.number(1), .string("NaN")]), .malformed),
        (["parameters", "V", "values"], .array([.number(1), .null]), .malformed),
        (["parameters", "V", "values"], .array([.number(1), .number(1e39)]), .notFinite),
        (["parameters", "V", "values"], .array([.number(1), .number(2)]), .wrongChecksum),
        (["sha256"], .string(String(repeating: "0", count: 64)), .wrongChecksum),
        (["training"], .array([]), .malformed),
    ]

    @Test(arguments: damages.indices)
    func eachKindOfDamageIsOneClearError(_ index: Int) throws {
        let damage = Self.damages[index]
        let file = JSONValue.object(try someFile()).replacing(damage.path, with: damage.value)
        let error = #expect(throws: ForecastError.self) { try Model(json: Data(file.text.utf8)) }
        #expect(error?.code == damage.code, "\(damage.path): \(error?.message ?? "none")")
        #expect(error?.message.contains("\n") == false)
    }

    @Test func whatIsNoJSONIsRefused() throws {
        let whole = try someModel().json()
        for text in [Data(), Data("{".utf8), Data("[NaN]".utf8), whole.prefix(whole.count / 2), whole + whole] {
            let error = #expect(throws: ForecastError.self) { try Model(json: text) }
            #expect(error?.code == .notJSON)
        }
        #expect(throws: ForecastError.self) { try Model(json: Data("[]".utf8)) }
    }

    /// Each level takes some of a thread's stack; brackets in a string are none.
    @Test func deepNestingIsRefusedBeforeItIsRead() throws {
        func nested(_ levels: Int) -> Data {
            Data((String(repeating: "[", count: levels) + #""[[\"[""# + String(repeating: "]", count: levels)).utf8)
        }
        #expect(try JSONValue(json: nested(64)).line.utf8.count == nested(64).count)
        for levels in [65, 500, 100_000] {
            let error = #expect(throws: ForecastError.self) { try JSONValue(json: nested(levels)) }
            #expect(error?.message == "this JSON text has more than 64 levels")
        }
    }

    @Test func everySingleChangedWeightIsFound() throws {
        let file = try someFile()
        let original = try read(file)
        for (name, shape) in original.architecture.shape.tensors {
            for index in 0..<shape.reduce(1, *) {
                guard case .object(let parameters) = file["parameters"], case .object(let tensor) = parameters[name],
                    case .array(var values) = tensor["values"], case .number(let value) = values[index]
                else { throw ForecastError(.malformed, name) }
                values[index] = .number(Float(value).nextUp)
                let damaged = JSONValue.object(file).replacing(["parameters", name, "values"], with: .array(values))
                let error = #expect(throws: ForecastError.self) { try Model(json: Data(damaged.text.utf8)) }
                #expect(error?.code == .wrongChecksum)
            }
        }
    }

    @Test func stringsAreEscaped() throws {
        let awkward = JSONValue.object(["a\"b\\": .string("tab\t newline\n bell\u{7} Пекин")])
        #expect(try JSONValue(json: Data(awkward.line.utf8)) == awkward)
        #expect(try JSONValue(json: Data(awkward.text.utf8)) == awkward)
    }
}
