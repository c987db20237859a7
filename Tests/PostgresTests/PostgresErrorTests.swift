import Postgres
import Testing

struct PostgresErrorTests {
    @Test(
        arguments: [
            (.connectionLost, nil, .reconnect), (.connectionLost, "57014", .reconnect),
            (.connectionFailed, nil, .reconnect),
            (.connectionFailed, "28P01", .stop), (.connectionFailed, "3D000", .stop),
            (.connectionFailed, "57P03", .reconnect),
            (.connectionFailed, "53300", .reconnect), (.commitOutcomeUnknown, nil, .reconnect),
            (.timedOut, nil, .reconnect),
            (.timedOut, "57014", .retry), (.cancelled, nil, .reconnect), (.cancelled, "57014", .retry),
            (.server, "08006", .reconnect), (.server, "57P01", .reconnect), (.server, "25006", .reconnect),
            (.server, "40001", .retry), (.server, "40P01", .retry), (.server, "55P03", .retry),
            (.server, "57014", .retry),
            (.server, "53100", .retry), (.server, "53200", .retry), (.server, "22P02", .skipRow),
            (.server, "23505", .skipRow), (.server, "42P01", .stop), (.server, "0A000", .stop),
            (.server, "XX000", .stop),
            (.staleStatement, "0A000", .retry), (.decoding, nil, .stop), (.misuse, nil, .stop),
        ] as [(PostgresError.Code, String?, PostgresError.Recovery)])
    func recoveryFollowsFromCodeAndState(
        code: PostgresError.Code, sqlState: String?, recovery: PostgresError.Recovery
    ) {
        #expect(PostgresError(code, sqlState: sqlState, "", operation: "").recovery == recovery)
    }
}
