import CLibcrypto

/// SHA-256 of bytes, in lower-case hex, by the library that libpq has brought along anyway.
public func hexSHA256(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    let digest = [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { digest, count in
        SHA256(bytes, bytes.count, digest.baseAddress)
        count = Int(SHA256_DIGEST_LENGTH)
    }
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
