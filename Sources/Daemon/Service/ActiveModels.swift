import Forecast
import Foundation
import Postgres

/// The models that serve: one for everybody and, where a station has its own, that one.
struct ActiveModels: Sendable {
    /// A model and its key in `hazecast.model`.
    struct Served: Sendable {
        let id: Int32
        let name: String
        let model: Model
    }

    /// Changes whenever `hazecast.active_model` does.
    var fingerprint: String
    /// The model of every station without one of its own.
    let fallback: Served
    private let byStation: [Int32: Served]

    subscript(station: Int32) -> Served { byStation[station] ?? fallback }

    /// What `fingerprint` would be if the models were loaded now, as a scalar subquery.
    static let fingerprintSQL = """
        (SELECT coalesce(string_agg(concat(station_id, ':', model_id), ',' ORDER BY station_id NULLS FIRST), '')
         FROM hazecast.active_model)
        """

    /// Loads every model that serves.
    ///
    /// - Throws: `DaemonError` when no default model is active or one cannot be read.
    static func load(on connection: Connection) async throws -> ActiveModels {
        let rows = try await connection.query(
            """
            SELECT a.station_id, m.id, m.name, m.document::text, \(fingerprintSQL)
            FROM hazecast.active_model AS a JOIN hazecast.model AS m ON m.id = a.model_id
            """)
        var loaded: [Int32: Served] = [:]
        var byStation: [Int32: Served] = [:]
        var fallback: Served?
        var fingerprint = ""
        for row in rows {
            let station = try row.decode(Int32?.self, at: 0)
            let id = try row.decode(Int32.self, at: 1)
            let name = try row.decode(String.self, at: 2)
            fingerprint = try row.decode(String.self, at: 4)
            let served: Served
            if let known = loaded[id] {
                served = known
            } else {
                let document = try row.decode(String.self, at: 3)
                do {
                    served = Served(id: id, name: name, model: try Model(json: Data(document.utf8)))
                } catch {
                    throw DaemonError(.unreadableModel, "model '\(name)' in hazecast.model cannot be used: \(error)")
                }
                loaded[id] = served
            }
            if let station { byStation[station] = served } else { fallback = served }
        }
        guard let fallback else {
            throw DaemonError(
                .noModel,
                "no default model in hazecast.active_model; `hazecast migrate` makes 'operational' the default")
        }
        return ActiveModels(fingerprint: fingerprint, fallback: fallback, byStation: byStation)
    }
}
