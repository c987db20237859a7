import CZlib

/// Compression of answers.
enum Gzip {
    /// The bytes as one gzip member; nil where zlib has no memory.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        // On the heap, because zlib keeps the address of the structure that it was initialised with.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        // 15 is the largest window, 16 more means gzip.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { return nil }
        defer { deflateEnd(stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(bytes.count))))
        let count: Int? = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                guard deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
                return output.count - Int(stream.pointee.avail_out)
            }
        }
        return count.map { Array(output.prefix($0)) }
    }
}
