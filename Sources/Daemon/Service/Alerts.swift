import Ingest
import Postgres

/// Compares what a transaction issues with `hazecast.alert_rule`, and raises and clears `hazecast.alert`.
enum Alerts {
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

    /// Compares forecasts that this transaction has appended to the ledger; the answer is an `Outcome`.
    static func evaluation(of issued: Issued) -> Statement {
        Statement(
            "SELECT raised, cleared, failure FROM hazecast.evaluate_alerts($1, $2, $3)",
            [issued.stations, issued.origins.map(\.timestamp), issued.revisions])
    }
}

extension Alerts.Outcome {
    /// From the answer to `Alerts.evaluation`.
    init(_ answer: Rows) throws(PostgresError) {
        let row = try answer.single()
        self.init(
            raised: Int(try row.decode(Int32.self, at: 0)), cleared: Int(try row.decode(Int32.self, at: 1)),
            failure: try row.decode(String?.self, at: 2))
    }
}
