extension NamedFormat {
    /// Of sensors, instruments and the programs that record them.
    static let instruments = [
        NamedFormat(
            "purpleair", "PurpleAir: downloads and its API's history as CSV", source: "api.purpleair.com",
            signature: ["time_stamp", "humidity", "temperature"],
            [
                "observed_at": "time_stamp", "station": "sensor_index|id|name",
                "pm25": "pm2.5_cf_1_a|pm2.5_cf_1", "pm25_b": "pm2.5_cf_1_b", "temperature": "temperature",
                "humidity": "humidity", "pressure": "pressure",
            ]
        ) {
            $0.timeZone = "UTC"
            $0.units = ["temperature": "F"]
            $0.correction = "purpleair"
        },
        NamedFormat(
            "airgradient", "AirGradient dashboard", source: "www.airgradient.com/documentation/",
            signature: ["Location ID", "Location Name", "UTC Date/Time"],
            [
                "observed_at": "UTC Date/Time", "station": "Location Name",
                "pm25": "PM2.5 (μg/m³) corrected|PM2.5 (μg/m³)|PM2.5 (μg/m³) raw",
                "temperature": "Temperature (°C) corrected|Temperature (°C)|Temperature (°C) raw",
                "humidity": "Humidity (%) corrected|Humidity (%)|Humidity (%) raw",
            ]
        ) { $0.timeZone = "UTC" },
        NamedFormat(
            "clarity", "Clarity: measurements as CSV", source: "developer.clarity.io",
            signature: ["startOfPeriod", "endOfPeriod", "datasourceId"],
            [
                "observed_at": "startOfPeriod", "station": "datasourceId|sourceId",
                "pm25": """
                pm2_5ConcMass1HourMean.value|pm2_5ConcMassIndividual.value|pm2_5ConcMass.value|\
                pm2_5ConcMass1HourMean.raw|pm2_5ConcMassIndividual.raw
                """,
                "temperature": """
                temperatureAmbient1HourMean.value|temperatureAmbientIndividual.value|temperature.value|\
                temperatureInternal1HourMean.value
                """,
                "humidity": """
                relHumidAmbient1HourMean.value|relHumidAmbientIndividual.value|relHumid.value|\
                relHumidInternal1HourMean.value
                """,
            ]
        ) { $0.timeZone = "UTC" },
        NamedFormat(
            "davis", "Davis WeatherLink", source: "weatherlink.github.io",
            signature: ["Date & Time"],
            [
                "observed_at": "Date & Time", "pm25": "pm25|PM 2.5 - ug/m³|PM2.5 - ug/m³|PM 2.5",
                "temperature": "Temp - °F|Temp - °C|Outside Temp - °F|Outside Temp - °C",
                "dew_point": "Dew Point - °F|Dew Point - °C", "humidity": "Hum - %|Outside Hum - %",
                "pressure": "Barometer - in Hg|Barometer - mb|Barometer - hPa|Barometer - mm Hg",
                "wind_speed": """
                Wind Speed - mph|Wind Speed - km/h|Wind Speed - m/s|Wind Speed - knots|Avg Wind Speed - mph|\
                Avg Wind Speed - km/h|Avg Wind Speed - m/s|Avg Wind Speed - knots
                """,
                "wind_direction": "Wind Direction|Prevailing Wind Direction",
            ]
        ) { $0.timeFormats = ["iso", "%m/%d/%y %I:%M %p", "%m/%d/%Y %I:%M %p"] },
        NamedFormat(
            "home-assistant", "Home Assistant: history download", source: "www.home-assistant.io/integrations/history/",
            signature: ["entity_id", "state", "last_changed"],
            ["observed_at": "last_changed", "parameter": "entity_id", "value": "state"]
        ) {
            // A value is recorded when it changes.
            $0.carry = 3_600
            $0.missing += ["unavailable", "unknown"]
            $0.parameters = entities
        },
        NamedFormat(
            "home-assistant-statistics", "Home Assistant: long-term statistics as CSV",
            source: "www.home-assistant.io/integrations/recorder/",
            signature: ["statistic_id", "start_ts", "mean"],
            ["observed_at": "start_ts", "parameter": "statistic_id", "value": "mean", "unit": "unit"]
        ) {
            ($0.step, $0.parameters) = (3_600, entities)
        },
        NamedFormat(
            "influx", "InfluxDB: annotated CSV of aggregateWindow",
            source: "docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/",
            signature: ["result", "table", "_time", "_value", "_field"],
            [
                "observed_at": "_time", "station": "station|location|sensor|device|host", "parameter": "_field",
                "value": "_value",
            ]
        ) {
            // aggregateWindow stamps a window by its end.
            ($0.comment, $0.isEnd) = (UInt8(ascii: "#"), true)
            $0.parameters = [
                "pm25": "pm25", "pm2_5": "pm25", "pm2.5": "pm25", "PM2.5": "pm25", "temperature": "temperature",
                "humidity": "humidity", "pressure": "pressure", "dew_point": "dew_point", "wind_speed": "wind_speed",
                "wind_direction": "wind_direction",
            ]
        },
        NamedFormat(
            "met-one", "Met One BAM and E-BAM: hourly files", source: "metone.com/products/bam-1022/",
            signature: ["Time"],
            [
                "observed_at": "Time|Date/Time", "pm25": "ConcHR(ug/m3)|ConcHr(mg/m3)|Conc (mg/m3)|Conc (ug/m3)",
                "temperature": "AT(C)|AT (C)", "humidity": "RH(%)|RH (%)|RHx(%)", "pressure": "BP(mmHg)|BP (mmHg)",
                "wind_speed": "WS(m/s)|WS (m/s)|WS(MPS)", "wind_direction": "WD(Deg)|WD (Deg)",
            ]
        ) {
            ($0.isEnd, $0.step, $0.required) = (true, 3_600, ["observed_at", "pm25"])
            $0.timeFormats = ["iso", "%m/%d/%y %H:%M", "%m/%d/%Y %H:%M"]
            // 985 is full scale, which the instrument writes where it has no value.
            $0.errorCodes = [
                "pm25": [985, 0.985, 99_999, 99.999, -999], "temperature": [-999, 99_999], "humidity": [-999, 99_999],
                "pressure": [-999, 99_999], "wind_speed": [-999, 99_999], "wind_direction": [-999, 999, 99_999],
            ]
        },
        NamedFormat(
            "airsis", "AIRSIS: E-BAM and E-Sampler of the US Forest Service", source: "app.airsis.com/usfs/",
            signature: ["MasterTable_ID", "Alias", "TimeStamp"],
            [
                "observed_at": "Date/Time/GMT|TimeStamp", "station": "Alias", "pm25": "ConcHr|Conc(mg/m3)",
                "temperature": "AT|Ambient Temp(C)", "humidity": "RHx|RHx(%)|RHi(%)",
                "wind_speed": "W/S|Wind Speed(M/S)",
                "wind_direction": "W/D|Wind Direction(Deg)",
            ]
        ) {
            ($0.isEnd, $0.timeZone, $0.step) = (true, "UTC", 3_600)
            $0.timeFormats = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "iso"]
            $0.units = ["pm25": "mg/m3"]
            $0.errorCodes = ["": [99_999, 99.999, -999, 0.985]]
        },
    ]

    /// How Home Assistant's entities end, by their device class.
    private static let entities = [
        "*_pm25": "pm25", "*_pm2_5": "pm25", "*_temperature": "temperature", "*_humidity": "humidity",
        "*_pressure": "pressure", "*_wind_speed": "wind_speed", "*_wind_bearing": "wind_direction",
        "*_dew_point": "dew_point",
    ]
}
