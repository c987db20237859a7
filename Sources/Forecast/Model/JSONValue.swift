public import Foundation

/// Any JSON value: what a model file keeps beside its weights, and what commands print as JSON.
public enum JSONValue: Sendable, Equatable {
    /// An object; keys are written in sorted order.
    case object([String: JSONValue])
    /// An array.
    case array([JSONValue])
    /// A string.
    case string(String)
    /// A number; JSON has only finite ones, another is written as null.
    case number(Double)
    /// true or false.
    case bool(Bool)
    /// null.
    case null

    /// A whole number.
    public static func number(_ value: Int) -> JSONValue { .number(Double(value)) }

    /// A 32-bit float, kept as the shortest decimal that reads back as the same float.
    public static func number(_ value: Float) -> JSONValue {
        let shortest = Double(value.description) ?? Double(value)
        return .number(Float(shortest) == value ? shortest : Double(value))
    }

    /// Reads one JSON text.
    ///
    /// - Throws: `notJSON` for anything else, numbers beyond a Double and more than 64 levels included.
    public init(json: Data) throws(ForecastError) {
        // Each level takes some of the stack, which of a connection's thread is 512 KB.
        guard Self.depth(of: json) <= 64 else {
            throw ForecastError(.notJSON, "this JSON text has more than 64 levels")
        }
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: json)
        } catch {
            throw ForecastError(.notJSON, "this is not a JSON text")
        }
    }

    /// How many arrays and objects stand in each other, at most.
    private static func depth(of json: Data) -> Int {
        var (depth, deepest) = (0, 0)
        var (isString, isEscaped) = (false, false)
        for byte in json {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isString
            case UInt8(ascii: "\""): isString.toggle()
            case _ where isString: break
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
    }

    /// The JSON text: keys sorted, two spaces a level, and arrays without objects in them on one line.
    public var text: String { text(indent: "") }

    /// The JSON text on one line, keys sorted.
    public var line: String {
        switch self {
        case .object(let members):
            let pairs = members.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value.line)" }
            return "{\(pairs.joined(separator: ","))}"
        case .array(let elements): return "[\(elements.map(\.line).joined(separator: ","))]"
        case .string(let string): return Self.quoted(string)
        case .number(let number): return Self.written(number)
        case .bool(let bool): return bool ? "true" : "false"
        case .null: return "null"
        }
    }

    private func text(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .object(let members) where !members.isEmpty:
            let pairs = members.sorted { $0.key < $1.key }
                .map { "\(inner)\(Self.quoted($0.key)): \($0.value.text(indent: inner))" }
            return "{\n\(pairs.joined(separator: ",\n"))\n\(indent)}"
        case .array(let elements) where elements.contains(where: \.isObject):
            return "[\n\(elements.map { inner + $0.text(indent: inner) }.joined(separator: ",\n"))\n\(indent)]"
        case .array(let elements): return "[\(elements.map(\.line).joined(separator: ", "))]"
        default: return line
        }
    }

    private var isObject: Bool {
        if case .object = self { true } else { false }
    }

    private static func written(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        let isWhole = number == number.rounded() && abs(number) < 1e15
        return isWhole ? String(Int64(number)) : number.description
    }

    private static func quoted(_ string: String) -> String {
        var quoted = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension JSONValue: Decodable {
    /// Decodes whatever stands there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let string = try? container.decode(String.self) {
            self = .string(string)
        } else if let array = try? container.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}
