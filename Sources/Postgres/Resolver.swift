import Glibc

/// Addresses of hosts.
enum Resolver {
    /// A host once per address of its name, with that address; as it is where there is nothing to translate.
    ///
    /// The system's resolver cannot be interrupted. When it takes too long, its thread is left to itself and the caller
    /// goes on.
    ///
    /// - Throws: `.connectionFailed` for a name without an address, `.timedOut`, `.cancelled`.
    static func addresses(
        of host: ConnectionParameters.Host, timeout: Duration
    ) async throws(PostgresError) -> [ConnectionParameters.Host] {
        guard host.hasName, let name = host.name else { return [host] }
        let race = Race<Result<[String], PostgresError>>()
        try startThread(named: "pg resolver") { race.settle(lookUp(name)) }
        let limit = Task {
            try await Task.sleep(for: timeout)
            race.settle(
                .failure(PostgresError(.timedOut, "no answer from the resolver for \"\(name)\"", operation: "connect")))
        }
        defer { limit.cancel() }
        let result = await withTaskCancellationHandler {
            await race.value()
        } onCancel: {
            race.settle(.failure(PostgresError(.cancelled, "cancelled", operation: "connect")))
        }
        return try result.get().map { ConnectionParameters.Host(name: name, address: $0, port: host.port) }
    }

    private static func lookUp(_ name: String) -> Result<[String], PostgresError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        guard status == 0 else {
            let reason = String(cString: gai_strerror(status))
            return .failure(
                PostgresError(
                    .connectionFailed, "could not translate host name \"\(name)\" to address: \(reason)",
                    operation: "connect"))
        }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if status == 0 {
                addresses.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
            next = entry.ai_next
        }
        return .success(addresses)
    }
}
