/// What one station reports for one hour. A missing value is NaN.
///
/// A wind speed without a direction is calm or variable wind; without either the wind is missing.
public struct Measures: Hashable, Sendable {
    /// PM2.5 in µg/m³.
    public var pm25: Float
    /// Dew point in °C.
    public var dewPoint: Float
    /// Air temperature in °C.
    public var temperature: Float
    /// Air pressure in hPa.
    public var pressure: Float
    /// Degrees FROM which the wind blows, clockwise from north, 0…360.
    public var windDirection: Float
    /// Wind speed in m/s, not accumulated.
    public var windSpeed: Float

    /// Measures; what is not given is missing.
    public init(
        pm25: Float = .nan, dewPoint: Float = .nan, temperature: Float = .nan, pressure: Float = .nan,
        windDirection: Float = .nan, windSpeed: Float = .nan
    ) {
        self.pm25 = pm25
        self.dewPoint = dewPoint
        self.temperature = temperature
        self.pressure = pressure
        self.windDirection = windDirection
        self.windSpeed = windSpeed
    }
}
