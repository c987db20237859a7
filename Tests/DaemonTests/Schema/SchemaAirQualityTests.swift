import Postgres
import TestSupport
import Testing

/// Air-quality indices at, below and above every breakpoint of every standard, and EPA's NowCast.
struct SchemaAirQualityTests {
    /// A concentration as its decimal, the index (nil where there is none), and the category.
    private typealias Case = (pm25: String, index: Int32?, category: String?)

    private func check(_ standard: String, _ cases: [Case]) async throws {
        try await MigratedDatabase.with { database in
            let reader = try await database.connect(as: "hazecast_reader")
            for (pm25, index, category) in cases {
                // Sensors deliver real; a constant is numeric, a mean double precision.
                for type in ["real", "numeric", "double precision"] {
                    let row = try await reader.query(
                        """
                        SELECT hazecast.aqi('\(pm25)'::\(type), $1), hazecast.aqi_category('\(pm25)'::\(type), $1), air.index, air.category
                        FROM hazecast.air_quality('\(pm25)'::\(type), $1) AS air
                        """, [standard]
                    ).single()
                    let found = (try row.decode(Int32?.self, at: 0), try row.decode(String?.self, at: 1))
                    #expect(found == (index, category), "\(standard) \(pm25)::\(type)")
                    let both = (try row.decode(Int32?.self, at: 2), try row.decode(String?.self, at: 3))
                    #expect(both == found)
                }
            }
            await reader.close()
        }
    }

    /// US EPA, Technical Assistance Document for the Reporting of Daily Air Quality, EPA-454/B-24-002 (May 2024), table 6:
    /// the ends of its lines; what is between two lines is truncated to the lower; 500 is at 325.4, and the line goes on.
    @Test func epa2024() async throws {
        let sensitive = "Unhealthy for Sensitive Groups"
        try await check(
            "us-epa-2024",
            [
                ("0", 0, "Good"), ("0.09", 0, "Good"), ("8.9", 49, "Good"), ("9.0", 50, "Good"), ("9.05", 50, "Good"),
                ("9.09", 50, "Good"), ("9.1", 51, "Moderate"), ("9.2", 51, "Moderate"), ("35.3", 100, "Moderate"),
                ("35.4", 100, "Moderate"), ("35.45", 100, "Moderate"), ("35.49", 100, "Moderate"),
                ("35.5", 101, sensitive),
                ("35.6", 101, sensitive), ("55.3", 150, sensitive), ("55.4", 150, sensitive), ("55.49", 150, sensitive),
                ("55.5", 151, "Unhealthy"), ("55.6", 151, "Unhealthy"), ("125.3", 200, "Unhealthy"),
                ("125.4", 200, "Unhealthy"), ("125.49", 200, "Unhealthy"), ("125.5", 201, "Very Unhealthy"),
                ("125.6", 201, "Very Unhealthy"), ("225.3", 300, "Very Unhealthy"), ("225.4", 300, "Very Unhealthy"),
                ("225.49", 300, "Very Unhealthy"), ("225.5", 301, "Hazardous"), ("225.6", 301, "Hazardous"),
                ("325.3", 500, "Hazardous"), ("325.4", 500, "Hazardous"), ("325.5", 500, "Hazardous"),
                ("326.0", 501, "Hazardous"), ("425.3", 699, "Hazardous"), ("1000", 1844, "Hazardous"),
            ])
    }

    private let china: [Case] = [
        ("115", 150, "Lightly Polluted"), ("115.5", 152, "Moderately Polluted"), ("116", 152, "Moderately Polluted"),
        ("149", 199, "Moderately Polluted"), ("150", 200, "Moderately Polluted"), ("150.5", 200, "Moderately Polluted"),
        ("151", 201, "Heavily Polluted"), ("249", 299, "Heavily Polluted"), ("250", 300, "Heavily Polluted"),
        ("250.5", 300, "Heavily Polluted"), ("250.6", 301, "Severely Polluted"), ("251", 301, "Severely Polluted"),
        ("349", 399, "Severely Polluted"), ("350", 400, "Severely Polluted"), ("351", 401, "Severely Polluted"),
        ("499", 500, "Severely Polluted"), ("500", 500, "Severely Polluted"), ("501", 500, "Severely Polluted"),
        ("2000", 500, "Severely Polluted"), ("0", 0, "Excellent"), ("34", 49, "Excellent"), ("34.5", 49, "Excellent"),
        ("34.51", 50, "Excellent"), ("35", 50, "Excellent"), ("35.4", 50, "Excellent"),
    ]

    /// HJ 633-2026, table 3: an IAQI of 50 … 500 at 35, 60, 115, 150, 250, 350, 500; concentrations by GB/T 8170 (a half goes to
    /// the even neighbour), indices up.
    @Test func china2026() async throws {
        try await check(
            "cn-hj633-2026",
            china + [
                ("35.5", 52, "Good"), ("36", 52, "Good"), ("59", 98, "Good"), ("60", 100, "Good"),
                ("60.5", 100, "Good"),
                ("60.51", 101, "Lightly Polluted"), ("61", 101, "Lightly Polluted"), ("61.5", 102, "Lightly Polluted"),
                ("114", 150, "Lightly Polluted"), ("114.5", 150, "Lightly Polluted"),
            ])
    }

    /// HJ 633-2012, table 1: the same with 75 in the place of 60.
    @Test func china2012() async throws {
        try await check(
            "cn-hj633-2012",
            china + [
                ("36", 52, "Good"), ("74", 99, "Good"), ("74.5", 99, "Good"), ("75", 100, "Good"),
                ("75.5", 102, "Lightly Polluted"), ("76", 102, "Lightly Polluted"), ("114", 149, "Lightly Polluted"),
            ])
    }

    /// ETC HE report 2024/17: 0–5, 6–15, 16–50, 51–90, 91–140, above; that what is between is rounded is ours.
    @Test func europe2024() async throws {
        try await check(
            "eu-eaqi-2024",
            [
                ("0", nil, "Good"), ("4", nil, "Good"), ("5", nil, "Good"), ("5.4", nil, "Good"), ("5.5", nil, "Fair"),
                ("6", nil, "Fair"), ("15", nil, "Fair"), ("15.4", nil, "Fair"), ("15.5", nil, "Moderate"),
                ("16", nil, "Moderate"), ("50", nil, "Moderate"), ("50.4", nil, "Moderate"), ("50.5", nil, "Poor"),
                ("51", nil, "Poor"), ("90", nil, "Poor"), ("90.4", nil, "Poor"), ("90.5", nil, "Very poor"),
                ("91", nil, "Very poor"), ("140", nil, "Very poor"), ("140.4", nil, "Very poor"),
                ("140.5", nil, "Extremely poor"), ("141", nil, "Extremely poor"), ("5000", nil, "Extremely poor"),
            ])
    }

    /// European Environment Agency, 2017: 10, 20, 25, 50, 75; that an edge is the cleaner band's is ours.
    @Test func europe2017() async throws {
        try await check(
            "eu-eaqi-2017",
            [
                ("0", nil, "Good"), ("9.9", nil, "Good"), ("10", nil, "Good"), ("10.1", nil, "Fair"),
                ("20", nil, "Fair"),
                ("20.1", nil, "Moderate"), ("25", nil, "Moderate"), ("25.1", nil, "Poor"), ("50", nil, "Poor"),
                ("50.1", nil, "Very poor"), ("75", nil, "Very poor"), ("75.1", nil, "Extremely poor"),
            ])
    }

    /// CPCB, National Air Quality Index (2014). It is published that 31, 45 and 60 µg/m³ are 51, 75 and 100; that what is between
    /// is rounded, and that the last line reaches 500 at 380, is ours.
    @Test func india2014() async throws {
        try await check(
            "in-naqi-2014",
            [
                ("0", 0, "Good"), ("29", 48, "Good"), ("30", 50, "Good"), ("30.4", 50, "Good"),
                ("30.5", 51, "Satisfactory"),
                ("31", 51, "Satisfactory"), ("45", 75, "Satisfactory"), ("59", 98, "Satisfactory"),
                ("60", 100, "Satisfactory"), ("61", 101, "Moderately polluted"), ("62", 104, "Moderately polluted"),
                ("89", 197, "Moderately polluted"), ("90", 200, "Moderately polluted"), ("91", 201, "Poor"),
                ("119", 297, "Poor"), ("120", 300, "Poor"), ("121", 301, "Very Poor"), ("249", 399, "Very Poor"),
                ("250", 400, "Very Poor"), ("251", 401, "Severe"), ("252", 402, "Severe"), ("380", 500, "Severe"),
                ("381", 500, "Severe"), ("900", 500, "Severe"),
            ])
    }

    /// WHO global air quality guidelines (2021): 24 hours 15 and 25, 37.5, 50, 75; annual 5 and 10, 15, 25, 35.
    @Test(arguments: [
        ("who-2021-24h", ["15", "25", "37.5", "50", "75"]), ("who-2021-annual", ["5", "10", "15", "25", "35"]),
    ])
    func who2021(_ standard: String, _ levels: [String]) async throws {
        let met = ["Guideline met"] + (1...4).reversed().map { "Interim target \($0) met" } + ["No target met"]
        try await check(
            standard,
            levels.enumerated().flatMap { place, level in
                [
                    (level, nil, met[place]), (level + (level.contains(".") ? "01" : ".01"), nil, met[place + 1]),
                    (String((Double(level) ?? 0) - 0.01), nil, met[place]),
                ] as [Case]
            })
    }

    @Test(arguments: ["us-epa-2024", "cn-hj633-2026", "eu-eaqi-2024", "who-2021-24h"])
    func whatIsNoConcentrationHasNoIndex(_ standard: String) async throws {
        try await MigratedDatabase.with { database in
            let answers = try await database.column(
                """
                SELECT concat_ws(' ', hazecast.aqi(pm25, '\(standard)'), hazecast.aqi_category(pm25, '\(standard)'))
                FROM unnest('{NULL, NaN, Infinity, -Infinity, -10.1, -999}'::real[]) AS pm25
                """)
            #expect(answers == Array(repeating: "", count: 6))
            // An instrument's noise around clean air.
            let clean = try await database.column(
                """
                SELECT concat_ws(' ', hazecast.aqi(pm25, '\(standard)'), hazecast.aqi_category(pm25, '\(standard)'))
                FROM unnest('{0, -0.1, -10}'::real[]) AS pm25
                """)
            #expect(Set(clean).count == 1 && clean[0] != "")
            // What a real cannot hold is no error.
            for concentration in ["1e-300", "1e38", "1e200"] {
                #expect(
                    try await database.value(
                        "SELECT hazecast.aqi_category(\(concentration), '\(standard)') IS NOT NULL"))
            }
        }
    }

    @Test func anUnknownStandardIsAnError() async throws {
        try await MigratedDatabase.with { database in
            let state = try await sqlState(of: "SELECT hazecast.aqi(35, 'epa')", on: database.owner)
            #expect(state == "22023")
            #expect(try await database.value("SELECT hazecast.aqi(35, NULL) IS NULL"))
        }
    }

    /// Settings of a session change nothing.
    @Test func theDecimalOfARealDoesNotDependOnTheSession() async throws {
        try await MigratedDatabase.with { database in
            try await database.run("SET extra_float_digits = -3")
            #expect(try await database.value("SELECT hazecast.aqi(225.49::real, 'us-epa-2024')", as: Int32.self) == 300)
            // The real next below 9.1: six digits would round it up.
            #expect(
                try await database.value("SELECT hazecast.aqi(9.099999::real, 'us-epa-2024')", as: Int32.self) == 50)
        }
    }

    // MARK: NowCast

    /// Hours oldest first, the last of them beginning at 12:00Z; nil is an hour without a value.
    private struct Hours {
        let pm25: [Float?]
        let nowcast: Float?
        var flagged: Set<Int> = []
    }

    private static let nowcasts = [
        // "Computing the NowCast", US EPA's slides.
        Hours(pm25: [50, 80, 75, 90, 82, 53, 64, 74, 21, 10, 16, 13], nowcast: 17.4),
        // AirNowTech forum, "The NowCast for PM2.5 and PM10": one hour is missing.
        Hours(pm25: [34.9, 43, 50, 64.9, 69.2, 66.2, 53.7, 48.6, 49.2, 35, nil, 21], nowcast: 28.4),
        // Two of the newest three have to be there, whichever.
        Hours(pm25: [34.9, 43, 50, 64.9, 69.2, 66.2, 53.7, 48.6, 49.2, 35, nil, nil], nowcast: nil),
        Hours(pm25: [40, 40, 40, nil, nil, 40], nowcast: nil), Hours(pm25: [30, nil, 30], nowcast: 30),
        Hours(pm25: [10, 20, nil], nowcast: 16.6), Hours(pm25: [10, 20], nowcast: 16.6),
        Hours(pm25: [20], nowcast: nil),
        // 12 hours and no more; an even weight where nothing changes; nothing is nothing.
        Hours(pm25: [1000] + Array(repeating: 35.4, count: 12), nowcast: 35.4),
        Hours(pm25: Array(repeating: 0, count: 12), nowcast: 0), Hours(pm25: [8, 0, 0], nowcast: 1.1),
        // What quality control has flagged, or will, is missing; an instrument's noise around clean air is 0.
        Hours(pm25: [20, 500, 20, 20], nowcast: 20, flagged: [1]), Hours(pm25: [20, 20, -30], nowcast: 20),
        Hours(pm25: [8, 0, -3], nowcast: 1.1),
        Hours(pm25: [20, 20, 20], nowcast: nil, flagged: [1, 2]),
    ]

    @Test func theNowCastIsEPAs() async throws {
        try await MigratedDatabase.with { database in
            let reader = try await database.connect(as: "hazecast_reader")
            for (number, hours) in Self.nowcasts.enumerated() {
                let station = try await database.owner.query(
                    "INSERT INTO hazecast.station (name) VALUES ($1) RETURNING id", ["\(number)"]
                ).single().decode(Int32.self, at: 0)
                for (place, pm25) in hours.pm25.enumerated() {
                    let hour = "timestamptz '2024-06-01 12:00Z' - interval '\(hours.pm25.count - 1 - place) hours'"
                    try await database.owner.query(
                        "INSERT INTO hazecast.reading (station_id, observed_at, pm25) VALUES ($1, \(hour), $2)",
                        [station, pm25])
                    guard hours.flagged.contains(place) else { continue }
                    try await database.owner.query(
                        "INSERT INTO hazecast.reading_flag VALUES ($1, \(hour), 'pm25', 'out_of_range')", [station])
                }
                let found = try await reader.query(
                    "SELECT hazecast.nowcast($1, '2024-06-01 12:34Z')", ["\(number)"]
                ).single().decode(Float?.self, at: 0)
                #expect(found == hours.nowcast, "\(hours.pm25)")
            }
            let error = try await #require(throws: PostgresError.self) {
                try await reader.query("SELECT hazecast.nowcast('x')")
            }
            #expect(error.description.contains("there is no station \"x\""))
            await reader.close()
        }
    }
}
