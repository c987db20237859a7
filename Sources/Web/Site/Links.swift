/// Addresses of the site's pages: absolute ones below a prefix, or relative ones between files.
struct Links: Sendable {
    enum Mode: Sendable {
        /// Below a path, for the server.
        case server(prefix: String)
        /// From a file that is so many folders below the first, for `--out`.
        case files(depth: Int)
    }

    let mode: Mode

    /// A page by its path as `Site` knows it, such as `/skill`.
    func page(_ path: String) -> String {
        switch mode {
        case .server(let prefix): return prefix + path
        case .files(let depth):
            let up = String(repeating: "../", count: depth)
            if path == "/" { return up + "index.html" }
            return up + Self.file(path)
        }
    }

    func station(_ station: StationID) -> String {
        if case .files = mode { return page("/station/\(station.id)") }
        return page("/station/" + Self.encoded(station.name))
    }

    func skill(_ station: StationID) -> String {
        if case .files = mode { return page("/station/\(station.id)-skill") }
        return self.station(station) + "/skill"
    }

    func document(_ station: StationID, _ file: String) -> String {
        if case .files = mode { return page("/api/stations/\(station.id)/\(file)") }
        return page("/api/stations/\(Self.encoded(station.name))/\(file)")
    }

    /// The list with a search or a label, on a page from 1.
    func stations(search: String = "", label: String = "", page number: Int = 1) -> String {
        if case .files = mode { return page(number == 1 ? "/" : "/stations-\(number)") }
        let query = [("q", search), ("label", label), ("page", number == 1 ? "" : String(number))]
            .filter { !$0.1.isEmpty }.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
        return page("/") + (query.isEmpty ? "" : "?" + query)
    }

    var isStatic: Bool { if case .files = mode { true } else { false } }

    /// The file that `--out` writes for a path.
    static func file(_ path: String) -> String {
        let name = path == "/" ? "index" : String(path.dropFirst())
        return name.split(separator: "/").last?.contains(".") == true ? name : name + ".html"
    }

    /// A path segment or a value of a query: everything but letters, digits and `-._~` is percent-encoded.
    static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    /// The text that was encoded; nil for a broken escape, a NUL or bytes that are no UTF-8.
    static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }),
                    let low = iterator.next().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue })
                else { return nil }
                bytes.append(UInt8(high * 16 + low))
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}

/// A station as pages name it.
struct StationID: Sendable {
    let id: Int
    let name: String
}
