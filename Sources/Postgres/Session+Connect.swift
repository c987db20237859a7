import CLibpq
import Glibc

extension Session {
    /// Opens the connection: authentication and the settings of the session.
    func open(_ options: [(keyword: String, value: String)], timeout: Duration) throws(PostgresError) {
        begin("connect", timeout: timeout)
        let connection = try start(options)
        adopt(connection)
        // Only a verbose message tells the SQLSTATE of a refused connection.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        var polling = PGRES_POLLING_WRITING
        if PQstatus(connection) == CONNECTION_BAD { polling = PGRES_POLLING_FAILED }
        while polling != PGRES_POLLING_OK {
            switch polling {
            case PGRES_POLLING_READING: try wait(for: POLLIN)
            case PGRES_POLLING_WRITING: try wait(for: POLLOUT)
            default: throw abandon(failure(of: connection))
            }
            polling = PQconnectPoll(connection)
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        guard PQsetnonblocking(connection, 1) == 0 else { throw lost() }
        let zone = text(PQparameterStatus(connection, "TimeZone"))
        if zone != "UTC" { try run(script: "SET TimeZone TO 'UTC'") }
    }

    private func start(_ options: [(keyword: String, value: String)]) throws(PostgresError) -> OpaquePointer {
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        defer { for string in keywords + values { free(UnsafeMutablePointer(mutating: string)) } }
        for option in options {
            keywords.append(strdup(option.keyword))
            values.append(strdup(option.value))
        }
        guard let connection = PQconnectStartParams(keywords + [nil], values + [nil], 1) else {
            throw error(.connectionFailed, "out of memory")
        }
        return connection
    }

    private func failure(of connection: OpaquePointer) -> PostgresError {
        var error = ServerMessage.connectionFailure(String(cString: PQerrorMessage(connection)))
        // libpq itself gave up, for want of a password.
        if error.sqlState == nil, PQconnectionNeedsPassword(connection) != 0 { error.sqlState = "28P01" }
        return error
    }
}
