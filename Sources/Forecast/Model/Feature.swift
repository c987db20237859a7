/// One input of a network, computed from a station's measures of one hour.
public enum Feature: String, Sendable, CaseIterable {
    /// PM2.5 in µg/m³.
    case pm25
    /// Dew point in °C.
    case dewPoint = "dew_point"
    /// Air temperature in °C.
    case temperature
    /// Air pressure in hPa.
    case pressure
    /// The chapter's code for the wind's direction: calm 0, NE 3, SE 6, NW 9.
    case windCode = "wind_code"
    /// Wind speed in m/s.
    case windSpeed = "wind_speed"

    /// The feature of one hour, in its own unit; NaN where the measure is missing.
    public func value(of measures: Measures) -> Float {
        switch self {
        case .pm25: measures.pm25
        case .dewPoint: measures.dewPoint
        case .temperature: measures.temperature
        case .pressure: measures.pressure
        case .windCode: Self.windCode(degrees: measures.windDirection)
        case .windSpeed: measures.windSpeed
        }
    }

    /// The chapter's code for a direction in degrees FROM which the wind blows; NaN is calm or variable wind.
    ///
    /// The chapter knows NE, SE, NW and calm only. The sectors are those of the 16 compass points, rounded to the
    /// nearest of the three; what blows from between SE and NW on the south-western side counts as calm.
    public static func windCode(degrees: Float) -> Float {
        switch degrees {
        case 11.25..<78.75: 3
        case 78.75..<191.25: 6
        case 191.25..<258.75: 0
        default: degrees.isNaN ? 0 : 9
        }
    }
}
