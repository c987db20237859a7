import Glibc

/// Turns the bytes of a text file into UTF-8.
///
/// A byte order mark of UTF-16 decides by itself; UTF-8 goes through as it is, so that a single bad byte costs a row and
/// not the file.
final class TextDecoder {
    private let name: String
    private let encoding: String?
    private let read: () throws(SourceError) -> [UInt8]
    private var converter: iconv_t?
    private var hasBegun = false
    /// The beginning of a character whose end has not been read yet.
    private var rest: [UInt8] = []
    private var count = 0

    /// - Parameters:
    ///   - name: of the file.
    ///   - encoding: as `iconv` calls it; nil is UTF-8, or UTF-16 with a byte order mark.
    ///   - read: returns the next bytes, any number, and none at the end.
    init(_ name: String, encoding: String?, read: @escaping () throws(SourceError) -> [UInt8]) throws(SourceError) {
        (self.name, self.encoding, self.read) = (name, encoding.map(Self.name), read)
        if let encoding = self.encoding, !Self.isKnown(encoding) {
            throw SourceError(
                .options, file: name, "'\(encoding)' is no encoding; `iconv --list` has those that there are")
        }
    }

    deinit { if let converter { iconv_close(converter) } }

    /// How `iconv` calls an encoding that other programs call so.
    private static func name(_ encoding: String) -> String {
        switch encoding.lowercased() {
        case "latin-1": "latin1"
        case "utf-8-sig", "utf8": "UTF-8"
        default: encoding
        }
    }

    /// Whether there is such an encoding.
    static func isKnown(_ encoding: String) -> Bool {
        guard let converter = iconv_open("UTF-8", encoding), converter != Self.none else { return false }
        iconv_close(converter)
        return true
    }

    private static var none: iconv_t? { iconv_t(bitPattern: -1) }

    /// The next bytes in UTF-8; none at the end.
    func next() throws(SourceError) -> [UInt8] {
        var bytes = try read()
        if !hasBegun {
            while bytes.count == 1 {
                let more = try read()
                if more.isEmpty { break }
                bytes += more
            }
            hasBegun = true
            let isWide = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            let from = isWide ? "UTF-16" : encoding ?? "UTF-8"
            if from.uppercased() != "UTF-8" { converter = iconv_open("UTF-8", from) }
        }
        guard converter != nil else { return bytes }
        while true {
            let isAtEnd = bytes.isEmpty
            let converted = try convert(rest + bytes, isAtEnd: isAtEnd)
            if !converted.isEmpty || isAtEnd { return converted }
            bytes = try read()
        }
    }

    private func convert(_ bytes: [UInt8], isAtEnd: Bool) throws(SourceError) -> [UInt8] {
        var input = bytes
        var output: [UInt8] = []
        var failed = false
        var used = 0
        input.withUnsafeMutableBytes { raw in
            var from = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
            var left = raw.count
            while left > 0, !failed {
                var code: Int32 = 0
                let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 16) { space, count in
                    space.withMemoryRebound(to: CChar.self) { space in
                        var to = space.baseAddress
                        var free = space.count
                        let result = iconv(converter, &from, &left, &to, &free)
                        code = result == -1 ? errno : 0
                        count = space.count - free
                    }
                }
                output += chunk
                if code == EINVAL { break }
                failed = code == EILSEQ
            }
            used = raw.count - left
        }
        rest = Array(bytes[used...])
        count += used
        guard !failed, !isAtEnd || rest.isEmpty else {
            throw SourceError(
                .unreadable, file: name,
                "byte \(count + 1) is no text in \(encoding ?? "UTF-16"); say how the file is written with --encoding")
        }
        return output
    }
}
