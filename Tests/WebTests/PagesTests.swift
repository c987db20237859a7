import Foundation
import FoundationXML
import Postgres
import TestSupport
import Testing

@testable import Web

@Suite struct PagesTests {
    @Test func stationsAreListedWorstFirstWithNowPeakAndModel() async throws {
        try await WebSite.with { site in
            let page = try await site.get("/")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            let place = try #require(page.body.range(of: ">Dongsi<"))
            let later = try #require(page.body.range(of: ">Aotizhongxin<"))
            let last = try #require(page.body.range(of: ">Silent<"))
            #expect(place.lowerBound < later.lowerBound && later.lowerBound < last.lowerBound)
            // 80 to 100 µg/m³ is Unhealthy by EPA's index, in words and in its red.
            let item = page.body[place.lowerBound..<later.lowerBound]
            #expect(item.contains("<span>Unhealthy</span>") && item.contains("fill=\"#FF0000\""))
            #expect(item.contains("peak <b>") && item.contains("<bdi>world</bdi>, data"))
            #expect(page.body[last.lowerBound...].contains("no forecast"))
            let known = try await site.owner.query(
                "SELECT round(hazecast.nowcast('Dongsi')::numeric)::text"
            ).single().decode(String.self, at: 0)
            #expect(item.contains("<b>\(known)</b>"))
        }
    }

    @Test func searchAndLabelsNarrowTheList() async throws {
        try await WebSite.with { site in
            let found = try await site.get("/?q=DONG")
            #expect(found.body.contains(">Dongsi<") && !found.body.contains(">Aotizhongxin<"))
            #expect(found.body.contains("value=\"DONG\""))
            let labelled = try await site.get("/?label=district%3DChaoyang")
            #expect(labelled.body.contains(">Aotizhongxin<") && !labelled.body.contains(">Dongsi<"))
            #expect(try await site.get("/?label=time_zone").body.contains(">Dongsi<"))
            let none = try await site.get("/?q=%3Cscript%3E&label=a%27%3B--")
            #expect(none.status == 200 && none.body.contains("&lt;script&gt;") && !none.body.contains("<script>"))
        }
    }

    @Test func aStationSaysTheSameInASentenceAPictureAndNumbers() async throws {
        try await WebSite.with { site in
            let page = try await site.get("/station/Dongsi")
            #expect(page.status == 200)
            #expect(
                page.body.contains("The air is <b>Unhealthy</b> now") && page.body.contains("The highest hour ahead is")
            )
            #expect(page.body.contains("most likely between") && page.body.contains("Asia/Shanghai"))
            let rows = try await site.owner.query(
                """
                SELECT to_char(valid_at AT TIME ZONE 'Asia/Shanghai', 'Dy DD Mon HH24:MI'), round(pm25::numeric)::text
                FROM hazecast.latest_forecast WHERE station = 'Dongsi' ORDER BY lead
                """)
            #expect(rows.count == 24)
            for row in rows {
                let (hour, value) = (try row.decode(String.self, at: 0), try row.decode(String.self, at: 1))
                #expect(
                    page.body.contains("<th scope=\"row\">\(hour)</th><td><b>\(value)</b></td>"), "\(hour) \(value)")
            }
            // Two bands, yesterday's forecast, what was observed, the forecast.
            #expect(page.body.components(separatedBy: "class=\"chart ").count == 3)
            #expect(page.body.contains("class=\"orange\"") && page.body.contains("fill-opacity=\"0.28\""))
            #expect(page.body.contains(">Very Unhealthy</text>") || page.body.contains(">Unhealthy</text>"))
        }
    }

    @Test func everyPageIsWellFormedAndNamesAreText() async throws {
        try await WebSite.with { site in
            let name = Links.encoded(WebSite.hostile)
            let paths = [
                "/", "/skill", "/models", "/alerts", "/data", "/station/\(name)", "/station/\(name)/skill",
                "/station/Silent", "/api/stations/\(name)/badge.svg", "/?q=%22%3E%3Cb%3E", "/none", "/station/none",
            ]
            for path in paths {
                let page = try await site.get(path)
                #expect(page.status == (path.hasSuffix("none") ? 404 : 200), "\(path) \(page.status)")
                // The pages are XML but for the doctype and elements without an end.
                var text = page.body.replacing("<!DOCTYPE html>", with: "")
                for element in ["meta", "link", "input"] {
                    text = text.replacing(try Regex("<\(element)( [^<>]*)>")) {
                        "<\(element)\($0[1].substring ?? "")/>"
                    }
                }
                let parser = XMLParser(data: Data(text.utf8))
                #expect(parser.parse(), "\(path): \(parser.parserError.debugDescription)")
                #expect(!page.body.contains("<b>\"Roof") && !page.body.contains("\u{202E}"), "\(path)")
            }
            let list = try await site.get("/")
            #expect(list.body.contains("&lt;b&gt;&quot;Roof&quot; &amp; &#39;x&#39;/?#% \\u{202E}"))
            #expect(list.body.contains("href=\"/station/\(name)\""))
        }
    }

    @Test func programsReadJSONGeoJSONAndCSV() async throws {
        try await WebSite.with { site in
            struct Forecast: Decodable {
                struct Lead: Decodable {
                    let lead: Int
                    let pm25: Double
                    let lower80: Double?
                }
                struct Hour: Decodable { let pm25: Double? }
                let station: String
                let forecast: [Lead]
                let observed: [Hour]
            }
            let answer = try await site.get("/api/stations/Dongsi/forecast.json")
            #expect(answer.headers["content-type"] == "application/json")
            let json = try JSONDecoder().decode(Forecast.self, from: Data(answer.body.utf8))
            #expect(json.station == "Dongsi" && json.forecast.map(\.lead) == Array(1...24) && json.observed.count >= 71)
            let csv = try await site.get("/api/stations/Dongsi/forecast.csv").body.split(separator: "\r\n")
            #expect(csv.count == 1 + json.observed.count + 24)
            #expect(csv.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 8 })
            struct Collection: Decodable {
                struct Feature: Decodable {
                    struct Point: Decodable { let coordinates: [Double] }
                    struct Properties: Decodable { let station: String }
                    let geometry: Point?
                    let properties: Properties
                }
                let features: [Feature]
            }
            let map = try await site.get("/api/stations.geojson")
            let features = try JSONDecoder().decode(Collection.self, from: Data(map.body.utf8)).features
            #expect(Set(features.map(\.properties.station)) == ["Dongsi", "Aotizhongxin", WebSite.hostile, "Silent"])
            #expect(features.first { $0.properties.station == "Dongsi" }?.geometry?.coordinates == [116.4, 39.9])
            #expect(features.contains { $0.geometry == nil })
        }
    }

    @Test func recordsAreShown() async throws {
        try await WebSite.with { site in
            #expect(try await site.get("/models").body.contains("world"))
            let alerts = try await site.get("/alerts")
            #expect(alerts.body.contains("smog &lt;1&gt;") && alerts.body.contains("0.90"))
            #expect(try await site.get("/skill").body.contains("skill"))
            #expect(try await site.get("/skill").body.contains("<th scope=\"row\">6 h</th>"))
            #expect(try await site.get("/data").body.contains("<td><bdi>24</bdi></td>"))
        }
    }

    @Test func aTenantSeesItsOwnStationsOnly() async throws {
        try await WebSite.with(tenant: #"{"district": "Dongcheng"}"#) { site in
            for path in [
                "/", "/skill", "/models", "/alerts", "/data", "/api/stations.geojson", "/metrics", "/?q=Aot",
                "/?label=district%3DChaoyang",
            ] {
                let page = try await site.get(path)
                #expect(page.status == 200 && !page.body.contains("Aotizhongxin"), "\(path) \(page.status)")
            }
            #expect(try await site.get("/").body.contains(">Dongsi<"))
            #expect(try await site.get("/station/Dongsi").status == 200)
            for path in [
                "/station/Aotizhongxin", "/api/stations/Aotizhongxin/forecast.json", "/station/Aotizhongxin/skill",
            ] {
                #expect(try await site.get(path).status == 404, "\(path)")
            }
            #expect(try await site.get("/models").body.contains("may not see it"))
        }
    }

    @Test func theSiteIsWrittenAsFiles() async throws {
        try await WebSite.with { site in
            let folder = FileManager.default.temporaryDirectory.appending(
                path: "hazecast-test-web-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let output = try await Executable.hazecast.run(
                ["serve", "--database", site.conninfo, "--out", folder.path()])
            #expect(output.status == 0 && output.standardOutput.contains("28 files"), "\(output)")
            func text(_ path: String) throws -> String {
                try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            }
            // Every link of every page leads to a file.
            let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path()).filter {
                $0.hasSuffix(".html")
            }
            #expect(files.count == 13)
            for file in files {
                let base = folder.appending(path: file)
                for match in try text(file).matches(of: /(?:href|src)="([^"#]+)"/) {
                    let target = base.deletingLastPathComponent().appending(path: String(match.1)).standardized
                    #expect(FileManager.default.fileExists(atPath: target.path()), "\(file): \(match.1)")
                }
            }
            #expect(try text("index.html").contains("Dongsi"))
        }
    }

    @Test func escapesCoverWhateverEndsATextOrAnAttribute() {
        let html: HTML = "<a title=\"\("\"'<>&\u{1}")\">\(name: "a\u{202E}b")</a>"
        #expect(html.text == "<a title=\"&quot;&#39;&lt;&gt;&amp;\u{FFFD}\"><bdi>a\\u{202E}b</bdi></a>")
        #expect(Links.decoded(Links.encoded(WebSite.hostile)) == WebSite.hostile)
        #expect(Links.decoded("%00") == nil && Links.decoded("%zz") == nil && Links.decoded("%C3") == nil)
    }
}
