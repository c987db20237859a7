extension NamedFormat {
    /// Of monitoring networks.
    static let networks = [
        NamedFormat(
            "openaq", "OpenAQ: its archive (csv.gz) and its explorer's downloads", source: "docs.openaq.org",
            signature: ["parameter", "value"],
            [
                "observed_at": "datetime|datetimeUtc", "station": "location|location_name|location_id",
                "parameter": "parameter", "value": "value", "unit": "units|unit",
            ]
        ) {
            $0.isEnd = true
            $0.parameters = [
                "pm25": "pm25", "temperature": "temperature", "relativehumidity": "humidity", "humidity": "humidity",
                "pressure": "pressure", "wind_speed": "wind_speed", "wind_direction": "wind_direction",
            ]
            $0.errorCodes = ["": [-999, -9999, -99]]
        },
        NamedFormat(
            "airnow", "AirNow's HourlyData files", source: "docs.airnowapi.org/docs/HourlyDataFactSheet.pdf",
            signature: [],
            [
                "observed_at": "1+2", "station": "4", "parameter": "6", "unit": "7", "value": "8",
            ]
        ) {
            ($0.delimiter, $0.header, $0.timeZone, $0.step) = (UInt8(ascii: "|"), .none, "UTC", 3_600)
            $0.timeFormats = ["%m/%d/%y %H:%M"]
            $0.parameters = [
                "PM2.5": "pm25", "TEMP": "temperature", "RHUM": "humidity", "BARPR": "pressure", "WS": "wind_speed",
                "WD": "wind_direction",
            ]
            $0.errorCodes = ["": [-999]]
        },
        NamedFormat(
            "aqs", "US EPA AQS: hourly files (pre-generated, or by its API)",
            source: "aqs.epa.gov/aqsweb/airdata/FileFormats.html",
            signature: ["State Code", "Parameter Code", "POC", "Date GMT", "Time GMT", "Sample Measurement"],
            [
                "observed_at": "Date GMT+Time GMT", "station": "State Code+County Code+Site Num",
                "parameter": "Parameter Code", "value": "Sample Measurement", "unit": "Units of Measure",
            ]
        ) {
            $0.parameters = [
                "88101": "pm25", "88502": "pm25", "62101": "temperature", "62103": "dew_point", "62201": "humidity",
                "64101": "pressure", "61101": "wind_speed", "61103": "wind_speed", "61102": "wind_direction",
                "61104": "wind_direction",
            ]
        },
        NamedFormat(
            "uk-air", "UK-AIR data selector", source: "uk-air.defra.gov.uk/data/",
            signature: ["Date", "Time", "PM2.5 particulate matter (Hourly measured)"],
            ["observed_at": "Date+Time", "pm25": "PM2.5 particulate matter (Hourly measured)"]
        ) {
            ($0.isEnd, $0.timeZone, $0.step) = (true, "UTC", 3_600)
            $0.timeFormats = ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M:%S"]
            $0.missing += ["No data"]
        },
        NamedFormat(
            "eea", "European Environment Agency, air quality e-reporting (E1a, E2a)",
            source: "discomap.eea.europa.eu/map/fme/AirQualityExport.htm",
            signature: ["AirQualityStationEoICode", "AirPollutant", "Concentration", "DatetimeBegin", "Validity"],
            [
                "observed_at": "DatetimeBegin", "station": "AirQualityStationEoICode", "pm25": "Concentration",
                "unit": "UnitOfMeasurement",
            ]
        ) {
            $0.step = 3_600
            $0.conditions = [.init("AirPollutant", ["PM2.5"]), .init("AveragingTime", ["hour"])]
            $0.valid = [.init("Validity", ["1", "2", "3"])]
        },
        NamedFormat(
            "cpcb", "CPCB (India), continuous monitoring", source: "airquality.cpcb.gov.in/ccr/",
            signature: ["From Date", "To Date", "PM2.5"],
            [
                "observed_at": "From Date", "pm25": "PM2.5|PM2.5 (ug/m3)", "temperature": "AT|AT (degree C)|Temp",
                "humidity": "RH|RH (%)", "pressure": "BP|BP (mmHg)", "wind_speed": "WS|WS (m/s)",
                "wind_direction": "WD|WD (deg)",
            ]
        ) {
            ($0.timeZone, $0.step) = ("Asia/Kolkata", 3_600)
            $0.timeFormats = ["%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "iso"]
            $0.units = ["pressure": "mmHg"]
        },
        NamedFormat(
            "sensor-community", "sensor.community (Luftdaten) archive", source: "archive.sensor.community",
            signature: ["sensor_id", "sensor_type", "location", "timestamp"],
            [
                "observed_at": "timestamp", "station": "location", "pm25": "P2", "temperature": "temperature",
                "humidity": "humidity", "pressure": "pressure",
            ]
        ) {
            ($0.delimiter, $0.timeZone, $0.step) = (UInt8(ascii: ";"), "UTC", 150)
            $0.units = ["pressure": "Pa"]
        },
    ]
}
