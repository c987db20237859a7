public import Forecast

/// The measure columns of `hazecast.reading`, by their SQL names and in the table's order.
public enum MeasureColumn: String, CaseIterable, Sendable {
    /// PM2.5 in µg/m³.
    case pm25
    /// Dew point in °C.
    case dewPoint = "dew_point"
    /// Air temperature in °C.
    case temperature
    /// Air pressure in hPa.
    case pressure
    /// Degrees from which the wind blows.
    case windDirection = "wind_direction"
    /// Wind speed in m/s.
    case windSpeed = "wind_speed"
}

extension Measures {
    /// The value of one column; NaN where missing.
    public subscript(column: MeasureColumn) -> Float {
        get {
            switch column {
            case .pm25: pm25
            case .dewPoint: dewPoint
            case .temperature: temperature
            case .pressure: pressure
            case .windDirection: windDirection
            case .windSpeed: windSpeed
            }
        }
        set {
            switch column {
            case .pm25: pm25 = newValue
            case .dewPoint: dewPoint = newValue
            case .temperature: temperature = newValue
            case .pressure: pressure = newValue
            case .windDirection: windDirection = newValue
            case .windSpeed: windSpeed = newValue
            }
        }
    }
}
