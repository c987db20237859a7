import Forecast
import Foundation
import Postgres

/// The models that serve: one for everybody and, where a station has its own, that one.
///
/// A model that was made active and that this binary cannot read does not serve; the newest readable one that served
/// before it does, or one that came with the binary.
struct ActiveModels: Sendable {
    /// A model and its key in `hazecast.model`.
    struct Served: Sendable {
        let id: Int32
        let name: String
        let model: Model
    }

    /// Changes whenever `hazecast.active_model` does.
    var fingerprint: String
    /// Why models that were made active do not serve, and what serves instead; nil when all of them do.
    var refusal: String?
    /// The model of every station without one of its own.
    let fallback: Served
    private let byStation: [Int32: Served]
    /// Whose persistence serves where too little is known for any model; nil where none came with this binary.
    let plain: Model? = Self.bearingGaps

    private static let bearingGaps = EmbeddedResources.models.sorted { $0.key < $1.key }.lazy
        .compactMap { try? Model(json: Data($0.value.utf8)) }.first { $0.persistenceBands != nil }

    /// How wide their bands have to be, and where persistence serves instead.
    var policy: LivePolicy

    subscript(station: Int32) -> Served { byStation[station] ?? fallback }

    /// What `fingerprint` would be if the models were loaded now, as a scalar subquery.
    static let fingerprintSQL = """
        (SELECT coalesce(string_agg(concat(station_id, ':', model_id), ',' ORDER BY station_id NULLS FIRST), '')
         FROM hazecast.active_model)
        """

    /// Loads every model that serves.
    ///
    /// - Parameter before: those in here are not read anew.
    /// - Throws: `DaemonError` when no default model is active, or none that could be the default can be read.
    static func load(on connection: Connection, keeping before: ActiveModels? = nil) async throws -> ActiveModels {
        let rows = try await connection.query(
            "SELECT station_id, model_id, \(fingerprintSQL) FROM hazecast.active_model ORDER BY station_id NULLS FIRST")
        let active = try rows.map { row in
            (station: try row.decode(Int32?.self, at: 0), model: try row.decode(Int32.self, at: 1))
        }
        guard let first = active.first, first.station == nil else {
            throw DaemonError(
                .noModel, "no default model in hazecast.active_model; SELECT hazecast.promote('world') makes one")
        }
        var library = Library(connection: connection, keeping: before)
        try await library.fetch(active.map(\.model))
        let fallback: Served
        if let chosen = library[first.model] {
            fallback = chosen
        } else if let former = try await library.former(of: nil) {
            fallback = former
        } else if let shipped = try await shipped(on: connection).first {
            fallback = shipped
        } else {
            throw DaemonError(.unreadableModel, library.refusals[first.model] ?? "")
        }
        var refusals: [String] = []
        func refuse(_ model: Int32, for served: Served) {
            if let reason = library.refusals[model] { refusals.append("\(reason); '\(served.name)' serves instead") }
        }
        refuse(first.model, for: fallback)
        var byStation: [Int32: Served] = [:]
        for (station, model) in active.dropFirst() {
            guard let station else { continue }
            if let chosen = library[model] {
                byStation[station] = chosen
                continue
            }
            let former = try await library.former(of: station)
            byStation[station] = former
            refuse(model, for: former ?? fallback)
        }
        let policy: LivePolicy
        if let before { policy = before.policy } else { policy = try await LivePolicy.load(on: connection) }
        return ActiveModels(
            fingerprint: try rows[0].decode(String.self, at: 2),
            refusal: refusals.isEmpty ? nil : refusals.joined(separator: "; "), fallback: fallback,
            byStation: byStation, policy: policy)
    }

    /// What models go back to: the ancestor that was not trained on from another one. Missing where it cannot be read.
    static func roots(of models: [Int32], on connection: Connection) async throws -> [Int32: Served] {
        let rows = try await connection.query(
            """
            WITH RECURSIVE line AS (
                SELECT id AS model, id, parent_id FROM hazecast.model WHERE id = ANY($1)
                UNION ALL
                SELECT line.model, parent.id, parent.parent_id
                FROM line JOIN hazecast.model AS parent ON parent.id = line.parent_id
            )
            SELECT model, id FROM line WHERE parent_id IS NULL
            """, [models])
        let lines = try rows.map { (try $0.decode(Int32.self, at: 0), try $0.decode(Int32.self, at: 1)) }
        var library = Library(connection: connection, keeping: nil)
        try await library.fetch(lines.map(\.1))
        return lines.reduce(into: [:]) { $0[$1.0] = library[$1.1] }
    }

    /// What serves most stations comes first, what cannot be trained on last.
    private static func rank(_ model: Model) -> Int {
        switch model.architecture.head {
        case .relativeChanges: 0
        case .changes: 1
        case .nextHour: 2
        }
    }

    /// The models that came with this binary and are in the registry, those that can be trained on first.
    static func shipped(on connection: Connection) async throws -> [Served] {
        let models = EmbeddedResources.models.values.compactMap { try? Model(json: Data($0.utf8)) }
            .sorted { (rank($0), $0.name) < (rank($1), $1.name) }
        let rows = try await connection.query(
            "SELECT sha256, id, name FROM hazecast.model WHERE sha256 = ANY($1)", [models.map(\.sha256)])
        return try models.compactMap { model in
            guard let row = try rows.first(where: { try $0.decode(String.self, at: 0) == model.sha256 }) else {
                return nil
            }
            // As it stands in the registry, which may be damaged where the binary is not.
            return Served(id: try row.decode(Int32.self, at: 1), name: try row.decode(String.self, at: 2), model: model)
        }
    }
}

/// Models of the registry, each read once.
private struct Library {
    let connection: Connection
    private var served: [Int32: ActiveModels.Served]
    /// Why models cannot be used.
    private(set) var refusals: [Int32: String] = [:]

    /// Documents read at once; bounds memory.
    private static let batch = 64

    init(connection: Connection, keeping before: ActiveModels?) {
        self.connection = connection
        served = before?.all ?? [:]
    }

    subscript(model: Int32) -> ActiveModels.Served? { served[model] }

    mutating func fetch(_ models: [Int32]) async throws {
        let missing = Set(models).filter { served[$0] == nil && refusals[$0] == nil }.sorted()
        for batch in missing.chunked(Self.batch) {
            let rows = try await connection.query(
                "SELECT id, name, document::text FROM hazecast.model WHERE id = ANY($1)", [batch])
            for row in rows {
                let id = try row.decode(Int32.self, at: 0)
                let name = try row.decode(String.self, at: 1)
                do {
                    let model = try Model(json: Data(try row.decode(String.self, at: 2).utf8))
                    served[id] = ActiveModels.Served(id: id, name: name, model: model)
                } catch let error as ForecastError {
                    refusals[id] = "model '\(name)' in hazecast.model cannot be used: \(error)"
                }
            }
        }
    }

    /// The newest model that served a station, or was the default, and can be read; nil where none did.
    mutating func former(of station: Int32?) async throws -> ActiveModels.Served? {
        let history = try await connection.query(
            "SELECT model_id FROM hazecast.activation WHERE coalesce(station_id, 0) = $1 ORDER BY id DESC",
            [station ?? 0])
        for row in history {
            // From here on the default served it.
            guard let id = try row.decode(Int32?.self, at: 0) else { return nil }
            try await fetch([id])
            if let model = served[id] { return model }
        }
        return nil
    }
}

extension ActiveModels {
    /// Every model in here by its id.
    var all: [Int32: Served] {
        byStation.values.reduce(into: [fallback.id: fallback]) { $0[$1.id] = $1 }
    }
}
