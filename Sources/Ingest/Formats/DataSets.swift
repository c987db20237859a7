extension NamedFormat {
    /// Data sets of the UCI repository, and files in our own names, which come last.
    static let dataSets = [
        NamedFormat(
            "uci-beijing", "UCI data set 381, Beijing PM2.5: one station, wind summed while its direction stays",
            source: "archive.ics.uci.edu/dataset/381",
            signature: ["No", "year", "month", "day", "hour", "pm2.5", "DEWP", "TEMP", "PRES", "cbwd", "Iws"],
            // The reference monitor stands on the roof of the US embassy.
            place: Importer.Place(latitude: 39.95, longitude: 116.47),
            [
                "observed_at": "year+month+day+hour", "pm25": "pm2.5", "dew_point": "DEWP", "temperature": "TEMP",
                "pressure": "PRES", "wind_direction": "cbwd", "wind_speed": "Iws",
            ]
        ) {
            uci(&$0)
            ($0.station, $0.windSumRow) = ("Beijing", "No")
        },
        NamedFormat(
            "uci-multisite", "UCI data set 501, Beijing Multi-Site Air Quality",
            source: "archive.ics.uci.edu/dataset/501",
            signature: ["year", "month", "day", "hour", "PM2.5", "DEWP", "TEMP", "PRES", "wd", "WSPM", "station"],
            [
                "observed_at": "year+month+day+hour", "station": "station", "pm25": "PM2.5", "dew_point": "DEWP",
                "temperature": "TEMP", "pressure": "PRES", "wind_direction": "wd", "wind_speed": "WSPM",
            ]
        ) { uci(&$0) },
        NamedFormat(
            "csv", "any text file of columns; ours unless they are named with --column", source: "docs/import.md",
            signature: [],
            Dictionary(
                uniqueKeysWithValues: FileLayout.names.filter { $0 != "parameter" && $0 != "value" && $0 != "unit" }
                    .map { ($0, $0 == "observed_at" ? "observed_at|time_utc" : $0) })
        ) { $0.stationMayBeNamed = false },
    ]

    private static func uci(_ layout: inout FileLayout) {
        layout.timeFormats = ["%Y %m %d %H"]
        // China has no summer time since 1991.
        (layout.timeZone, layout.step, layout.repeats) = ("+08:00", 3_600, .last)
        layout.required = Set(layout.columns.keys)
        layout.stationMayBeNamed = false
    }
}
