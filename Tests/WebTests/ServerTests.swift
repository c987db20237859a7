import Foundation
import TestSupport
import Testing

@testable import Web

@Suite struct ServerTests {
    @Test func onlyGetAndHeadAreAnswered() async throws {
        try await WebSite.with { site in
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
                let answer = try await site.get("/", method: method)
                #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD", "\(method)")
            }
            let (get, head) = (try await site.get("/style.css"), try await site.get("/style.css", method: "HEAD"))
            #expect(get.status == 200 && head.status == 200 && head.body.isEmpty)
            #expect(head.headers["content-length"] == "\(get.body.utf8.count)")
        }
    }

    @Test func anotherHostIsRefused() async throws {
        try await WebSite.with(["--host", "air.example"]) { site in
            #expect(try await site.get("/", ["Host": "air.example"]).status == 200)
            #expect(try await site.get("/", ["Host": "AIR.example:443"]).status == 200)
            #expect(try await site.get("/", ["Host": "evil.example"]).status == 421)
            #expect(try await site.get("/", ["Host": "air.example.evil"]).status == 421)
            #expect(try await site.get("/", ["Host": ""]).status == 400)
            let twice = try await site.send(
                "GET / HTTP/1.1\r\nHost: air.example\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            #expect(twice.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func whatIsTooLargeOrTooSlowIsEnded() async throws {
        try await WebSite.with { site in
            let large = try await site.get("/", ["X-Large": String(repeating: "x", count: 20_000)])
            #expect(large.status == 431)
            #expect(try await site.get("/" + String(repeating: "x", count: 20_000)).status == 431)
            let clock = ContinuousClock()
            // No head within five seconds: nothing is answered and the connection ends.
            var answer = "?"
            let time = try await clock.measure {
                answer = try await site.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            }
            #expect(answer.isEmpty && time >= .seconds(4) && time < .seconds(25))
            #expect(try await site.send("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400"))
            #expect(try await site.get("/").status == 200)
        }
    }

    @Test func anUnchangedPageIsNotSentAgain() async throws {
        try await WebSite.with { site in
            let tag = try #require(try await site.get("/style.css").headers["etag"])
            let again = try await site.get("/style.css", ["If-None-Match": "\"other\", \(tag)"])
            #expect(again.status == 304 && again.body.isEmpty && again.headers["etag"] == tag)
            #expect(try await site.get("/style.css", ["If-None-Match": "\"other\""]).status == 200)
        }
    }

    @Test func answersAreCompressedForThoseWhoWantIt() async throws {
        try await WebSite.with { site in
            let curl = Executable(path: "/usr/bin/curl")
            let plain = try await curl.run(["-s", "http://127.0.0.1:\(site.port)/style.css"])
            let compressed = try await curl.run(["-s", "--compressed", "-i", "http://127.0.0.1:\(site.port)/style.css"])
            #expect(compressed.standardOutput.contains("Content-Encoding: gzip"))
            #expect(compressed.standardOutput.hasSuffix(plain.standardOutput) && plain.standardOutput.count > 1000)
            #expect(try await site.get("/", ["Accept-Encoding": "gzip;q=0"]).headers["content-encoding"] == nil)
        }
    }

    @Test func headersLetNothingElseIn() async throws {
        try await WebSite.with { site in
            let answer = try await site.get("/")
            let policy = try #require(answer.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("script") && !policy.contains("unsafe"))
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(!answer.body.contains("<script") && !answer.body.contains(" style="))
            #expect(try await site.get("/api/stations.geojson").headers["access-control-allow-origin"] == nil)
        }
        try await WebSite.with(["--cors", "https://map.example"]) { site in
            let (map, page) = (try await site.get("/api/stations.geojson"), try await site.get("/"))
            #expect(map.headers["access-control-allow-origin"] == "https://map.example")
            #expect(page.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test func aUnixSocketAndAPrefixServeAProxy() async throws {
        let socket = "/tmp/hazecast-test-web-\(UUID().uuidString.prefix(8))"
        try await WebSite.with(["--listen", "unix:\(socket)", "--prefix", "/air"]) { site in
            let curl = Executable(path: "/usr/bin/curl")
            for path in ["/air/", "/"] {
                let page = try await curl.run(["-s", "--unix-socket", socket, "http://any.example\(path)"])
                #expect(page.standardOutput.contains("href=\"/air/station/Dongsi\""), "\(path)")
                #expect(page.standardOutput.contains("href=\"/air/style.css\""))
            }
            _ = site
        }
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func pagesAreShownWhileTheDatabaseIsAway() async throws {
        let proxy = try Proxy(to: await TestServer.shared())
        defer { proxy.close() }
        try await WebSite.with(through: proxy) { site in
            #expect(try await site.get("/").status == 200)
            proxy.refuse()
            proxy.cut()
            var stale = try await site.get("/")
            // The page is shown from memory for some seconds without asking.
            while stale.headers["warning"] == nil {
                try await Task.sleep(for: .milliseconds(500))
                stale = try await site.get("/")
            }
            #expect(stale.status == 200 && stale.body.contains("Dongsi") && stale.body.contains("cannot be reached"))
            let unseen = try await site.get("/models")
            #expect(unseen.status == 503 && unseen.headers["retry-after"] != nil && !unseen.body.contains("SELECT"))
            #expect(try await site.get("/metrics").body.contains("hazecast_up 0"))
            proxy.heal()
            while try await site.get("/").headers["warning"] != nil { try await Task.sleep(for: .milliseconds(500)) }
            #expect(try await site.get("/models").status == 200)
        }
    }

    @Test(arguments: [
        (["serve", "--listen", "8470"], "--listen"), (["serve", "--colours", "red"], "--colours"),
        (["serve", "--prefix", "air/"], "--prefix"), (["serve", "--time-zone", "Mars/North"], "--time-zone"),
        (["serve", "--database", "nonsense=1"], "--database"),
    ])
    func aBadSettingIsNamed(_ arguments: [String], _ flag: String) async throws {
        let output = try await Executable.hazecast.run(arguments)
        #expect(output.status != 0 && output.standardError.contains(flag), "\(output.standardError)")
        #expect(output.standardError.split(separator: "\n").count == 1, "\(output.standardError)")
    }

    @Test func hostsAreComparedWithoutTheirPorts() {
        #expect(ServerPolicy.name(of: "Air.Example:8470") == "air.example")
        #expect(ServerPolicy.name(of: "[::1]:8470") == "[::1]")
        #expect(ServerPolicy.name(of: "[::1]") == "[::1]")
        #expect(ServerPolicy.name(of: "127.0.0.1") == "127.0.0.1")
    }
}
