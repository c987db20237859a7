import Plot
import Postgres

/// How good the forecasts of the last 30 days were, of all stations or of one.
struct SkillPage {
    private struct Lead {
        let lead: Int
        let n: Int64
        let rmse, skill, coverage80, coverage95: Double
        /// Of warnings at the level.
        let pod, far, csi: Double
    }

    private struct Mean {
        let station: StationID
        let skill, rmse, coverage80: Double
    }

    /// Stations that are listed by themselves.
    private static let listed = 100

    private let station: StationID?
    private let leads: [Lead]
    private let means: [Mean]
    private let level: Double

    /// - Parameter level: µg/m³ above which an hour is one to warn of.
    static func load(
        _ station: StationID?, level: Double, _ database: Database
    ) async throws(PostgresError) -> SkillPage {
        let leads = try await database.query(
            """
            SELECT s.lead, sum(s.n)::bigint, avg(s.rmse)::float8, avg(s.skill)::float8, avg(s.coverage80)::float8,
                avg(s.coverage95)::float8, avg(w.pod)::float8, avg(w.far)::float8, avg(w.csi)::float8
            FROM hazecast.skill(now() - interval '30 days', now(), $1) AS s
            LEFT JOIN hazecast.exceedance_skill($2, 0.5, now() - interval '30 days', now(), $1) AS w
                USING (station, lead)
            GROUP BY s.lead ORDER BY s.lead
            """, [station?.name, Float(level)])
        var page = (leads: [Lead](), means: [Mean]())
        for row in leads {
            func value(_ column: Int) throws(PostgresError) -> Double {
                try row.decode(Double?.self, at: column) ?? .nan
            }
            page.leads.append(
                Lead(
                    lead: Int(try row.decode(Int32.self, at: 0)), n: try row.decode(Int64.self, at: 1),
                    rmse: try value(2), skill: try value(3), coverage80: try value(4), coverage95: try value(5),
                    pod: try value(6), far: try value(7), csi: try value(8)))
        }
        guard station == nil else { return SkillPage(station: station, leads: page.leads, means: [], level: level) }
        let means = try await database.query(
            """
            SELECT station.id, s.station, avg(s.skill)::float8, avg(s.rmse)::float8, avg(s.coverage80)::float8
            FROM hazecast.skill(now() - interval '30 days') AS s JOIN hazecast.station ON station.name = s.station
            GROUP BY station.id, s.station ORDER BY 3, 2 LIMIT \(listed)
            """)
        for row in means {
            page.means.append(
                Mean(
                    station: StationID(
                        id: Int(try row.decode(Int32.self, at: 0)), name: try row.decode(String.self, at: 1)),
                    skill: try row.decode(Double?.self, at: 2) ?? .nan,
                    rmse: try row.decode(Double?.self, at: 3) ?? .nan,
                    coverage80: try row.decode(Double?.self, at: 4) ?? .nan))
        }
        return SkillPage(station: nil, leads: page.leads, means: page.means, level: level)
    }

    func page(_ links: Links) -> Page {
        let heading: HTML
        if let station {
            heading = "How good forecasts for <a href=\"\(links.station(station))\">\(name: station.name)</a> were"
        } else {
            heading = "How good the forecasts were"
        }
        return Page(
            title: station.map { "How good: \($0.name)" } ?? "How good", section: "/skill",
            body: """
                <h1>\(heading)</h1>
                <p class="lead">\(sentence)</p>
                \(leads.isEmpty ? "" : charts)
                <h2>By lead</h2>
                \(leadTable)
                \(station == nil ? stationTable(links) : "")
                """)
    }

    private var sentence: HTML {
        guard let first = leads.first(where: { $0.lead == 6 }) ?? leads.first, first.skill.isFinite else {
            return "No forecast of the last 30 days has been compared with an observation yet."
        }
        let verdict = first.skill > 0 ? "smaller than" : "not smaller than"
        let off: HTML =
            first.coverage80.isFinite
            ? " \(Piece.percent(first.coverage80)) of the observations were inside the 80 % band." : ""
        return """
            \(first.lead) hours ahead, the mean squared error of the last 30 days was \(verdict) that of \
            “it stays as it is” (skill \(Piece.decimal(first.skill, 2))).\(off)
            """
    }

    private var charts: HTML {
        let axis = Axis(
            "lead in hours", 0.5...24.5, ticks: [1, 6, 12, 18, 24].map { Axis.Tick(value: Double($0), text: "\($0)") })
        func line(_ value: (Lead) -> Double) -> [(x: Double, y: Double)] { leads.map { (Double($0.lead), value($0)) } }
        func nominal(_ value: Double) -> Plot.Series {
            Plot.Series(nil, .muted, [(0.5, value), (24.5, value)], as: .dashes)
        }
        let skill = Plot(
            title: "", x: axis,
            y: Axis("skill: 1 − MSE / MSE of persistence", covering: [0] + leads.map(\.skill)),
            series: [nominal(0), Plot.Series(nil, .blue, line(\.skill), as: .dots)], names: .inLegend)
        let inside = leads.flatMap { [$0.coverage80 * 100, $0.coverage95 * 100] }
        let coverage = Plot(
            title: "", x: axis,
            y: Axis("observations inside the bands in %; dashed: 80, 95", covering: inside + [70, 100]),
            series: [
                nominal(80), nominal(95), Plot.Series(nil, .blue, line { $0.coverage80 * 100 }, as: .dots),
                Plot.Series(nil, .purple, line { $0.coverage95 * 100 }, as: .dots),
            ], names: .inLegend)
        return [("skill", skill), ("coverage", coverage)].html { id, plot in
            let drawing = Drawing.svg(
                width: 440, height: plot.height, body: plot.svg(left: 4, top: 0, width: 432, id: id))
            return """
                <div class="chart half" role="img" aria-label="\(plot.y.label), by lead; the table has the numbers">\
                \(HTML(raw: drawing))</div>
                """
        }
    }

    private var leadTable: HTML {
        Piece.table(
            "Last 30 days; warnings are those of more than \(Piece.number(level)) µg/m³ with a probability of one half",
            [
                "Lead", "Hours", "RMSE", "Skill", "In 80 %", "In 95 %", "Detected (POD)", "False alarms (FAR)",
                "Success (CSI)",
            ],
            leads.map { lead in
                [
                    "\(lead.lead) h", "\(String(lead.n))", "\(Piece.number(lead.rmse))",
                    "\(Piece.decimal(lead.skill, 2))",
                    "\(Piece.percent(lead.coverage80))", "\(Piece.percent(lead.coverage95))",
                    "\(Piece.decimal(lead.pod, 2))", "\(Piece.decimal(lead.far, 2))", "\(Piece.decimal(lead.csi, 2))",
                ]
            }, empty: "Nothing to compare yet.")
    }

    private func stationTable(_ links: Links) -> HTML {
        let table = Piece.table(
            "Mean over leads 1 to 24; those that need a look come first, at most \(Self.listed)",
            ["Station", "Skill", "RMSE", "In 80 %"],
            means.map { mean in
                [
                    "<a href=\"\(links.skill(mean.station))\">\(name: mean.station.name)</a>",
                    "\(Piece.decimal(mean.skill, 2))", "\(Piece.number(mean.rmse))",
                    "\(Piece.percent(mean.coverage80))",
                ]
            }, empty: "Nothing to compare yet.")
        return "<h2>By station</h2>\n\(table)"
    }
}
