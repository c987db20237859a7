import Foundation
import Postgres

/// What programs read: GeoJSON, JSON and CSV.
enum Documents {
    private struct Collection: Encodable {
        let type = "FeatureCollection"
        let generated: String
        let features: [Feature]
    }

    private struct Feature: Encodable {
        struct Point: Encodable {
            let type = "Point"
            let coordinates: [Double]
        }

        struct Properties: Encodable {
            let station: String
            let nowcast: Value?
            let peak: Value?
            let peak_lead: Int?
            let silent_since: String?
            let model: String?
            let stale: Bool
        }

        let type = "Feature"
        let id: Int
        let geometry: Point?
        let properties: Properties

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(type, forKey: .type)
            try container.encode(id, forKey: .id)
            // GeoJSON wants it to be null where there is no place.
            try container.encode(geometry, forKey: .geometry)
            try container.encode(properties, forKey: .properties)
        }

        private enum Key: CodingKey { case type, id, geometry, properties }
    }

    private struct Value: Encodable {
        let pm25: Double
        let category: String
        let index: Int?
        let colour: String

        init(_ air: AirQuality) {
            (pm25, category, index, colour) = (air.pm25.rounded(to: 1), air.category, air.index, air.colour)
        }
    }

    private struct Forecast: Encodable {
        struct Hour: Encodable {
            let time: String
            let pm25: Double?
            let flags: String?
        }

        struct Lead: Encodable {
            let lead: Int
            let time: String
            let pm25, lower80, upper80, lower95, upper95: Double?
            let category: String?
        }

        let station: String
        let unit = "µg/m³"
        let standard: String
        let time_zone: String
        let model: String?
        let basis: String?
        let stale: Bool
        let nowcast: Value?
        let observed: [Hour]
        let forecast: [Lead]
    }

    static func geoJSON(_ summaries: [StationSummary], generated: String) throws -> String {
        try text(
            Collection(
                generated: generated,
                features: summaries.map { station in
                    let place = station.longitude.flatMap { longitude in station.latitude.map { [longitude, $0] } }
                    return Feature(
                        id: station.station.id, geometry: place.map { Feature.Point(coordinates: $0) },
                        properties: Feature.Properties(
                            station: station.station.name, nowcast: station.now.map(Value.init),
                            peak: (station.peak?.air).map(Value.init), peak_lead: station.peak?.lead,
                            silent_since: station.silentSince, model: station.model, stale: station.isStale))
                }))
    }

    static func json(_ summary: StationSummary, _ detail: StationDetail, standard: String) throws -> String {
        try text(
            Forecast(
                station: summary.station.name, standard: standard, time_zone: summary.timeZone, model: summary.model,
                basis: summary.basis, stale: summary.isStale, nowcast: summary.now.map(Value.init),
                observed: detail.readings.map {
                    Forecast.Hour(time: $0.hour.utc, pm25: $0.pm25.finite?.rounded(to: 3), flags: $0.flags)
                },
                forecast: detail.leads.map { lead in
                    func number(_ value: Double) -> Double? { value.finite?.rounded(to: 3) }
                    return Forecast.Lead(
                        lead: lead.lead, time: lead.hour.utc, pm25: number(lead.pm25), lower80: number(lead.lower80),
                        upper80: number(lead.upper80), lower95: number(lead.lower95), upper95: number(lead.upper95),
                        category: lead.air?.category)
                }))
    }

    /// Observed and forecast hours, one row each; a field that does not apply is empty.
    static func csv(_ detail: StationDetail) -> String {
        func number(_ value: Double) -> String { value.finite.map { "\($0.rounded(to: 3))" } ?? "" }
        let observed = detail.readings.map { "observed,\($0.hour.utc),,\(number($0.pm25)),,,," }
        let forecast = detail.leads.map { lead in
            "forecast,\(lead.hour.utc),\(lead.lead),"
                + [lead.pm25, lead.lower80, lead.upper80, lead.lower95, lead.upper95].map(number).joined(separator: ",")
        }
        return (["kind,time,lead,pm25,lower80,upper80,lower95,upper95"] + observed + forecast).joined(separator: "\r\n")
            + "\r\n"
    }

    private static func text(_ document: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }
}

extension Double {
    /// nil for NaN and the infinities.
    var finite: Double? { isFinite ? self : nil }

    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
