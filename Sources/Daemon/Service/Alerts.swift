import Ingest
import Postgres

/// Compares what a transaction issues with `hazecast.alert_rule`, and raises and clears `hazecast.alert`.
struct Alerts {
    /// What came of a comparison.
    struct Outcome: Equatable {
        var raised = 0
        var cleared = 0
        /// Why nothing could be compared, for a person; the forecasts are issued all the same.
        var failure: String?
    }

    /// A scalar subquery: whether anything is to be compared. Rules that were switched off leave alerts to be cleared.
    static let areWantedSQL = """
        (SELECT EXISTS (SELECT FROM hazecast.alert_rule WHERE enabled)
            OR EXISTS (SELECT FROM hazecast.alert WHERE cleared_at IS NULL))
        """

    let connection: Connection

    /// Compares forecasts that this transaction has appended to the ledger, at most one of a station.
    func evaluate(_ issued: [Ledger.Entry]) async throws(PostgresError) -> Outcome {
        if issued.isEmpty { return Outcome() }
        let row = try await connection.query(
            "SELECT raised, cleared, failure FROM hazecast.evaluate_alerts($1, $2, $3)",
            [issued.map(\.station), issued.map(\.origin.timestamp), issued.map(\.issue.revision)],
            timeout: .seconds(300)
        ).single()
        return Outcome(
            raised: Int(try row.decode(Int32.self, at: 0)), cleared: Int(try row.decode(Int32.self, at: 1)),
            failure: try row.decode(String?.self, at: 2))
    }
}
