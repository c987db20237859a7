import CZlib

/// Decompresses gzip members that follow one another (RFC 1952) in constant memory.
///
/// zlib checks the length and the CRC of each member. Zero bytes behind the last member are padding, as on tapes; other
/// bytes behind it count as damage, because they may be a member whose beginning was overwritten.
final class GzipStream {
    /// Why the bytes cannot be decompressed.
    enum Fault: Error {
        /// The bytes end inside a member.
        case truncated
        /// A header, a block or a checksum is wrong.
        case damaged
    }

    /// Whether bytes begin as every gzip member does.
    static func begins(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// Most bytes that one call of `next` returns.
    private static let chunk = 1 << 18

    private enum Place { case betweenMembers, inMember, ended }

    private let read: () throws(SourceError) -> [UInt8]
    private let fail: (Fault) -> SourceError
    /// On the heap, because zlib keeps the address of the structure that it was initialised with.
    private let zlib = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var input: [UInt8]
    /// First byte of `input` that is not decompressed yet.
    private var position = 0
    private var place = Place.inMember

    /// - Parameters:
    ///   - beginning: the first bytes, at least the two that make it gzip.
    ///   - read: returns the bytes that follow, any number, and none at the end.
    ///   - fail: makes the error for a fault.
    init(
        _ beginning: [UInt8], read: @escaping () throws(SourceError) -> [UInt8], fail: @escaping (Fault) -> SourceError
    ) {
        input = beginning
        self.read = read
        self.fail = fail
        zlib.initialize(to: z_stream())
        // 15 is the largest window, 16 more means gzip and nothing else.
        let status = inflateInit2_(zlib, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot be initialised: \(status)")
    }

    deinit {
        inflateEnd(zlib)
        zlib.deallocate()
    }

    /// The next decompressed bytes; none at the end.
    func next() throws(SourceError) -> [UInt8] {
        while place != .ended {
            if position == input.count {
                (input, position) = (try read(), 0)
                guard !input.isEmpty else {
                    if place == .inMember { throw fail(.truncated) }
                    place = .ended
                    break
                }
            }
            if place == .betweenMembers {
                try beginMember()
                continue
            }
            let bytes = try inflateSome()
            if !bytes.isEmpty { return bytes }
        }
        return []
    }

    /// Passes over padding up to a byte that can begin a member.
    private func beginMember() throws(SourceError) {
        guard input[position] != 0 else {
            position += 1
            return
        }
        guard input[position] == 0x1F else { throw fail(.damaged) }
        inflateReset(zlib)
        place = .inMember
    }

    private func inflateSome() throws(SourceError) -> [UInt8] {
        var status = Z_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                zlib.pointee.next_in = input.baseAddress.map { $0 + position }
                zlib.pointee.avail_in = UInt32(input.count - position)
                zlib.pointee.next_out = output.baseAddress
                zlib.pointee.avail_out = UInt32(output.count)
                status = inflate(zlib, Z_NO_FLUSH)
                position = input.count - Int(zlib.pointee.avail_in)
            }
            count = output.count - Int(zlib.pointee.avail_out)
        }
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: place = .betweenMembers
        default: throw fail(.damaged)
        }
        return bytes
    }
}
