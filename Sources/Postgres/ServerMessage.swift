import CLibpq

/// What the server or libpq said, as errors without secrets.
enum ServerMessage {
    /// The error in a result.
    static func error(in result: OpaquePointer, operation: String) -> PostgresError {
        func field(_ code: UnicodeScalar) -> String? { text(PQresultErrorField(result, Int32(code.value))) }
        let sqlState = field("C")
        var message = field("M") ?? oneLine(String(cString: PQresultErrorMessage(result)))
        // Messages of class 22 (data exceptions) quote the data.
        if sqlState?.hasPrefix("22") == true { message = withoutQuotations(message) }
        if let line = copyLine(field("W")) { message += " (\(line))" }
        let isStale =
            sqlState == "26000" || (sqlState == "0A000" && field("R") == "RevalidateCachedQuery")
        return PostgresError(
            isStale ? .staleStatement : .server, sqlState: sqlState, message, operation: operation,
            constraint: field("n"))
    }

    /// Whether a result or a notice is the last thing that the server says on this connection.
    static func isFatal(_ result: OpaquePointer) -> Bool {
        ["FATAL", "PANIC"].contains(text(PQresultErrorField(result, Int32(UnicodeScalar("V").value))))
    }

    /// A failed attempt to connect, from libpq's message at verbosity VERBOSE, which is the only place of its SQLSTATE.
    static func connectionFailure(_ text: String) -> PostgresError {
        var sqlState: String?
        var lines: [String] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("LOCATION:") {
            let (message, state) = withoutState(line.trimmingSpace())
            sqlState = state ?? sqlState
            if !lines.contains(message) { lines.append(message) }
        }
        let message = lines.joined(separator: "; ")
        let isMisuse =
            message.hasPrefix("invalid ") || message.hasPrefix("definition of service")
            || message.contains("service file") || isTransportFault(lines.last ?? "")
        return PostgresError(
            isMisuse ? .misuse : .connectionFailed, sqlState: sqlState, message, operation: "connect")
    }

    /// Whether libpq and the server are of different minds about encryption and certificates, which no waiting mends. A
    /// handshake that the network cut short is none.
    private static func isTransportFault(_ line: String) -> Bool {
        let texts = [
            "SSL was required", "SSL error: ", "server certificate", "root certificate", "certificate file",
            "certificate present", "private key file", "SSL context", "when SSL support is not compiled in",
            "weak sslmode",
            "GSSAPI encryption required", "GSSAPI encryption, but it was required", "channel binding",
        ]
        return texts.contains { line.contains($0) } && !line.contains("eof while reading")
    }

    /// A message without line breaks.
    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingSpace() }.joined(separator: " ")
    }

    /// A message whose quoted parts are left out, but for `"="`.
    static func withoutQuotations(_ text: String) -> String {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .map { part in part.offset % 2 == 1 && part.element != "=" ? "…" : String(part.element) }
            .joined(separator: "\"")
    }

    /// The first three words of a statement, cut at the first quote: enough to find it, too little to hold a secret.
    static func operation(of sql: String) -> String {
        var start: [UInt8] = []
        var words = 1
        var isBetween = false
        scan: for byte in sql.utf8.prefix(200) {
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "$"): break scan
            case 9...13, UInt8(ascii: " "): isBetween = !start.isEmpty
            default:
                if isBetween {
                    words += 1
                    if words > 3 { break scan }
                    start.append(UInt8(ascii: " "))
                    isBetween = false
                }
                start.append(byte)
            }
        }
        let text = String(decoding: start, as: UTF8.self)
        return start.count > 60 ? String(text.prefix(60)) : text
    }

    /// `FATAL:  28P01: password …` as `FATAL: password …` and the state.
    private static func withoutState(_ line: String) -> (message: String, sqlState: String?) {
        var parts = line.components(separatedBy: ":  ")
        guard parts.count > 1, let last = parts.last?.utf8, last.count > 7 else { return (line, nil) }
        let state = String(decoding: last.prefix(5), as: UTF8.self)
        let isState = state.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
        guard isState, last.dropFirst(5).starts(with: ": ".utf8) else { return (line, nil) }
        parts[parts.count - 1] = String(decoding: last.dropFirst(7), as: UTF8.self)
        return (parts.joined(separator: ": "), state)
    }

    /// `COPY reading, line 3` of a context that goes on with the line's contents.
    private static func copyLine(_ context: String?) -> String? {
        guard let context, context.hasPrefix("COPY "), let word = context.firstRange(of: ", line ") else { return nil }
        let number = context[word.upperBound...].prefix { $0.isNumber }
        return String(context[..<number.endIndex])
    }
}

/// A C string of libpq's, copied; nil for a null pointer.
func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    guard let pointer else { return nil }
    return String(cString: pointer)
}

extension StringProtocol {
    fileprivate func trimmingSpace() -> String {
        var slice = self[...]
        while slice.first?.isWhitespace == true { slice.removeFirst() }
        while slice.last?.isWhitespace == true { slice.removeLast() }
        return String(slice)
    }

    /// The parts between occurrences of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }

    fileprivate func firstRange(of text: String) -> Range<Index>? { ranges(of: text).first }
}
