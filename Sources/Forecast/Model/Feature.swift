/// One input of a network: a number for every hour of a window.
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
    /// ln(pm25 + 5), pm25 in µg/m³.
    case logPM25 = "log_pm25"
    /// Wind speed FROM the east in m/s; 0 for calm or variable wind.
    case windEast = "wind_east"
    /// Wind speed FROM the north in m/s; 0 for calm or variable wind.
    case windNorth = "wind_north"
    /// Mean of `windEast` over the last 6 hours.
    case meanWindEast = "wind_east_6h"
    /// Mean of `windNorth` over the last 6 hours.
    case meanWindNorth = "wind_north_6h"
    /// Sine of the hour of the day, a day being a full circle; local solar time where the longitude is known, else UTC.
    case hourSine = "hour_sine"
    /// Cosine of the hour of the day.
    case hourCosine = "hour_cosine"
    /// Change of pm25 over 1 hour.
    case pm25Change1 = "pm25_change_1h"
    /// Change of pm25 over 3 hours.
    case pm25Change3 = "pm25_change_3h"
    /// Change of the temperature over 1 hour.
    case temperatureChange1 = "temperature_change_1h"
    /// Change of the temperature over 3 hours.
    case temperatureChange3 = "temperature_change_3h"
    /// Change of the dew point over 1 hour.
    case dewPointChange1 = "dew_point_change_1h"
    /// Change of the dew point over 3 hours.
    case dewPointChange3 = "dew_point_change_3h"
    /// Change of the pressure over 3 hours.
    case pressureChange3 = "pressure_change_3h"

    /// The features of one hour alone: those that can be rolled out beyond a window's end.
    static let ofOneHour: [Feature] = [.pm25, .dewPoint, .temperature, .pressure, .windCode, .windSpeed]

    /// What a change is limited to, in multiples of its scale: a faulty reading must not drown the others.
    static let changeLimit: Float = 4

    var isChange: Bool {
        switch self {
        case .pm25Change1, .pm25Change3, .temperatureChange1, .temperatureChange3, .dewPointChange1,
            .dewPointChange3, .pressureChange3:
            true
        default: false
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
