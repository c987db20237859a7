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

    // What follows is relative to the window or the station, so that nothing is tied to the level of one city. m is the mean of
    // the window's PM2.5, sd its standard deviation, and s = sd + .15 m + 1 µg/m³ the window's scale. A missing value, and
    // every value of a group that is absent, reaches the network as 0.

    /// (pm25 − m) / s.
    case pm25Relative = "pm25_relative"
    /// ln((pm25 + 5) / (m + 5)), in µg/m³.
    case logPM25Relative = "log_pm25_relative"
    /// Change of pm25 over 1 hour, divided by s.
    case pm25RelativeChange1 = "pm25_relative_change_1h"
    /// Change of pm25 over 3 hours, divided by s.
    case pm25RelativeChange3 = "pm25_relative_change_3h"
    /// ln(m + 5), m in µg/m³.
    case pm25Level = "log_pm25_mean"
    /// 1 where the hour has no pm25, else 0.
    case pm25Absent = "pm25_absent"
    /// Sine of the local solar hour, a day being a full circle; needs the longitude.
    case solarHourSine = "solar_hour_sine"
    /// Cosine of the local solar hour; needs the longitude.
    case solarHourCosine = "solar_hour_cosine"
    /// 1 where the longitude is known, else 0.
    case clockPresent = "clock_present"
    /// Temperature minus the window's mean in °C. The temperature is a group: present where all 24 hours have it.
    case temperatureRelative = "temperature_relative"
    /// Mean temperature of the window in °C.
    case temperatureMean = "temperature_mean"
    /// 1 where the temperature is present, else 0.
    case temperaturePresent = "temperature_present"
    /// Temperature minus dew point in °C. The dew point is a group that needs the temperature as well.
    case dewPointDepression = "dew_point_depression"
    /// Dew point minus the window's mean in °C.
    case dewPointRelative = "dew_point_relative"
    /// 1 where the dew point is present, else 0.
    case dewPointPresent = "dew_point_present"
    /// Pressure minus the window's mean in hPa: what it is altogether depends on the altitude. A group.
    case pressureRelative = "pressure_relative"
    /// 1 where the pressure is present, else 0.
    case pressurePresent = "pressure_present"
    /// ln(1 + wind speed), the speed in m/s. A group.
    case logWindSpeed = "log_wind_speed"
    /// ln(1 + wind speed) minus the window's mean of it.
    case logWindSpeedRelative = "log_wind_speed_relative"
    /// 1 where the wind speed is present, else 0.
    case windSpeedPresent = "wind_speed_present"
    /// ln of the station's RMS change over 1 hour, minus that over 24 hours. All that begins with memory is a group.
    case memoryChange1 = "memory_change_1h"
    /// ln of the station's RMS change over 4 hours, minus that over 24 hours.
    case memoryChange4 = "memory_change_4h"
    /// ln of the station's RMS change over 12 hours, minus that over 24 hours.
    case memoryChange12 = "memory_change_12h"
    /// ln of the station's RMS change over 24 hours in µg/m³, minus ln of its mean + 2 µg/m³.
    case memoryChange24 = "memory_change_24h"
    /// ln((mean + 5) / (m + 5)), mean being the station's.
    case memoryLevel = "memory_level"
    /// ln of 1 + the pairs of hours a day apart that the memory rests on, 720 at most.
    case memoryLength = "memory_length"
    /// The station's relative deviation at the hour of the day that is as many hours after the origin as the step is after the
    /// hour before the window.
    case memoryProfile = "memory_profile"
    /// 1 where there is a memory, else 0.
    case memoryPresent = "memory_present"

    /// The features of one hour alone: those that can be rolled out beyond a window's end.
    static let ofOneHour: [Feature] = [.pm25, .dewPoint, .temperature, .pressure, .windCode, .windSpeed]

    /// What a change is limited to, in multiples of its scale: a faulty reading must not drown the others.
    static let changeLimit: Float = 4

    /// Whether `changeLimit` applies.
    var isLimited: Bool {
        switch self {
        case .pm25, .dewPoint, .temperature, .pressure, .windCode, .windSpeed, .logPM25, .windEast, .windNorth,
            .meanWindEast, .meanWindNorth, .hourSine, .hourCosine, .pm25Level, .temperatureMean:
            false
        default: true
        }
    }

    /// What the network `world` sees, with the scale of each.
    static let relative: [(feature: Feature, scale: Normalisation.Scale)] = relativeScales.map {
        ($0.0, Normalisation.Scale(offset: $0.1, scale: $0.2))
    }

    /// Feature, offset and scale.
    private static let relativeScales: [(Feature, Float, Float)] = [
        (.pm25Relative, 0, 1), (.logPM25Relative, 0, 0.666_667), (.pm25RelativeChange1, 0, 0.333_333),
        (.pm25RelativeChange3, 0, 0.5), (.pm25Level, 3.2, 1), (.pm25Absent, 0, 1),
        (.solarHourSine, 0, 1), (.solarHourCosine, 0, 1), (.clockPresent, 0, 1),
        (.temperatureRelative, 0, 4), (.temperatureMean, 12, 12), (.temperatureChange1, 0, 1.5),
        (.temperatureChange3, 0, 3.5), (.temperaturePresent, 0, 1),
        (.dewPointDepression, 6, 6), (.dewPointRelative, 0, 4), (.dewPointChange3, 0, 2.5), (.dewPointPresent, 0, 1),
        (.pressureRelative, 0, 4), (.pressureChange3, 0, 2), (.pressurePresent, 0, 1),
        (.logWindSpeed, 1.1, 1), (.logWindSpeedRelative, 0, 0.666_667), (.windSpeedPresent, 0, 1),
        (.memoryChange1, -1.1, 0.666_667), (.memoryChange4, -0.45, 0.5), (.memoryChange12, 0, 0.333_333),
        (.memoryChange24, -0.45, 0.666_667), (.memoryLevel, 0, 0.666_667), (.memoryLength, 5.298_317, 1.666_667),
        (.memoryProfile, 0, 0.5), (.memoryPresent, 0, 1),
    ]

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
