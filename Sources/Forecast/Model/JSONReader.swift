/// A place in a JSON text, read strictly; every error names the place.
struct JSONReader {
    let value: JSONValue
    /// Where this stands: `model.parameters.U`.
    let path: String

    init(_ value: JSONValue, path: String) {
        self.value = value
        self.path = path
    }

    private func malformed(_ expected: String) -> ForecastError {
        ForecastError(.malformed, "\(path) must be \(expected)")
    }

    /// - Throws: unless this is an object with no other keys than these.
    func allow(_ keys: [String]) throws(ForecastError) {
        guard case .object(let members) = value else { throw malformed("an object") }
        if let unknown = members.keys.sorted().first(where: { !keys.contains($0) }) {
            throw ForecastError(.malformed, "\(path) has the unknown key \"\(unknown)\"")
        }
    }

    func member(_ key: String) throws(ForecastError) -> JSONReader {
        guard case .object(let members) = value else { throw malformed("an object") }
        guard let member = members[key] else {
            throw ForecastError(.malformed, "\(path) lacks the key \"\(key)\"")
        }
        return JSONReader(member, path: "\(path).\(key)")
    }

    /// nil where there is no such key.
    func optional(_ key: String) -> JSONReader? {
        guard case .object(let members) = value else { return nil }
        return members[key].map { JSONReader($0, path: "\(path).\(key)") }
    }

    func object() throws(ForecastError) -> JSONValue {
        guard case .object = value else { throw malformed("an object") }
        return value
    }

    func array() throws(ForecastError) -> [JSONReader] {
        guard case .array(let elements) = value else { throw malformed("an array") }
        return elements.enumerated().map { JSONReader($1, path: "\(path)[\($0)]") }
    }

    func string() throws(ForecastError) -> String {
        guard case .string(let string) = value else { throw malformed("a string") }
        return string
    }

    func bool() throws(ForecastError) -> Bool {
        guard case .bool(let bool) = value else { throw malformed("true or false") }
        return bool
    }

    func integer(in range: ClosedRange<Int>) throws(ForecastError) -> Int {
        guard case .number(let number) = value, let integer = Int(exactly: number), range.contains(integer) else {
            throw malformed("a whole number in \(range.lowerBound)…\(range.upperBound)")
        }
        return integer
    }

    func float() throws(ForecastError) -> Float {
        guard case .number(let number) = value else { throw malformed("a number") }
        guard Float(number).isFinite else {
            throw ForecastError(.notFinite, "\(path) does not fit a 32-bit float")
        }
        return Float(number)
    }

    func floats() throws(ForecastError) -> [Float] {
        var floats: [Float] = []
        for element in try array() {
            floats.append(try element.float())
        }
        return floats
    }
}
