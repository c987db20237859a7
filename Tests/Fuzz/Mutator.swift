import TestSupport

/// Damages examples as files are damaged, and as an attacker would.
struct Mutator {
    private var random: SeededGenerator
    private let corpus: [[UInt8]]

    private static let pieces: [[UInt8]] =
        [
            "0", "-1", "1e999", "-0", "NaN", "inf", "99999999999999999999", "2147483648", "-2147483649", "null", "true",
            "\"", "\"\"", ",", "\n", "\r\n", "\\u0000", "\\ud800", "[", "]", "{", "}", "[[[[[[[[", "{\"a\":", ";",
            "\u{FEFF}",
            "9999-12-31T23:00Z", "0000-00-00", "2014-02-30T00:00Z",
        ].map { Array($0.utf8) } + [
            [0], [0xFF], [0xC0, 0x80], [0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF],
        ]

    init(seed: UInt64, corpus: [[UInt8]]) {
        random = SeededGenerator(seed: seed, test: "fuzz")
        self.corpus = corpus
    }

    mutating func next() -> [UInt8] {
        var bytes = corpus[below(corpus.count)]
        for _ in 0...below(6) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = below(bytes.count + 1)
        let end = min(bytes.count, place + 1 + below(below(8) == 0 ? 400 : 8))
        switch below(7) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
        case 1 where place < bytes.count: bytes[place] = UInt8(below(256))
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: Self.pieces[below(Self.pieces.count)], at: place)
        case 4: bytes.replaceSubrange(place..<end, with: Self.pieces[below(Self.pieces.count)])
        case 5: bytes.insert(contentsOf: bytes[place..<end], at: below(bytes.count + 1))
        default: bytes.removeSubrange(place...)
        }
    }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &random) }
}
