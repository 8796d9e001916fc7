import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import Telemetry
import Testing

@Suite struct ServerFinderTests {
    private let name = ServerName("example.org")!

    @Test func followsTheStepsAndRemembers() async throws {
        let fixture = FederationFixture { request in
            #expect(request.url.description == "https://example.org/.well-known/matrix/server")
            #expect(request.maximumRedirects > 0 && request.maximumResponseBytes <= 64 * 1024)
            return (200, [.cacheControl: "max-age=1000"], #"{"m.server":"m.example.net"}"#)
        }
        fixture.network.setServices(
            "_matrix-fed._tcp.m.example.net",
            [ServiceRecord(priority: 1, weight: 0, host: "x.example", port: 5, lifetime: .seconds(9999))])
        for _ in 0..<3 {
            let server = try await fixture.finder.find(name)
            #expect(server.name == ServerName("m.example.net"))
            #expect(server.destinations == [OutboundRequest.Destination(host: "x.example", port: 5)])
        }
        #expect(fixture.network.requests.count == 1)
        #expect(fixture.network.lookups == ["_matrix-fed._tcp.m.example.net"])
        fixture.clock.advance(by: .seconds(1101))
        _ = try await fixture.finder.find(name)
        #expect(fixture.network.requests.count == 2)
    }

    @Test func withoutAFileItAsksAgainLessAndLess() async throws {
        let fixture = FederationFixture { _ in throw OutboundError.timedOut }
        for (wait, expected) in [(0, 1), (60, 1), (80, 2), (140, 2), (140, 3)] {
            fixture.clock.advance(by: .seconds(wait))
            let server = try await fixture.finder.find(name)
            #expect(server.name == name)
            #expect(server.destinations == [OutboundRequest.Destination(host: "example.org", port: 8448)])
            #expect(fixture.network.requests.count == expected)
        }
        #expect(fixture.network.lookups.prefix(2) == ["_matrix-fed._tcp.example.org", "_matrix._tcp.example.org"])
    }

    @Test func aDelegationSurvivesAnOutageButNotItsWithdrawal() async throws {
        let fixture = FederationFixture { _ in (200, [:], #"{"m.server":"m.example.net:1"}"#) }
        _ = try await fixture.finder.find(name)
        fixture.network.answer { _ in throw OutboundError.connectionFailed("down") }
        fixture.clock.advance(by: .seconds(100_000))
        #expect(try await fixture.finder.find(name).name == ServerName("m.example.net:1"))
        fixture.network.answer { _ in (404, [:], "") }
        fixture.clock.advance(by: .seconds(100_000))
        #expect(try await fixture.finder.find(name).name == name)
    }

    @Test func failedLookupsFallBackToThePort() async throws {
        let fixture = FederationFixture { _ in (404, [:], "") }
        fixture.network.failLookups()
        #expect(
            try await fixture.finder.find(name).destinations
                == [OutboundRequest.Destination(host: "example.org", port: 8448)])
    }

    @Test func priorityGoesBeforeWeightAndWeightIsAShare() async throws {
        var firsts: [String: Int] = [:]
        for seed in 0..<400 {
            let network = FakeNetwork { _ in (404, [:], "") }
            network.setServices(
                "_matrix-fed._tcp.example.org",
                [
                    ServiceRecord(priority: 20, weight: 100, host: "last.example", port: 1, lifetime: .seconds(60)),
                    ServiceRecord(priority: 10, weight: 3, host: "often.example", port: 1, lifetime: .seconds(60)),
                    ServiceRecord(priority: 10, weight: 1, host: "seldom.example", port: 1, lifetime: .seconds(60)),
                ])
            let finder = ServerFinder(
                outbound: network, resolver: network, clock: ManualClock(),
                random: SeededRandomSource(seed: UInt64(seed)))
            let hosts = try await finder.find(name).destinations.map(\.host)
            #expect(hosts.count == 3 && hosts.last == "last.example")
            firsts[hosts[0], default: 0] += 1
        }
        #expect((250...350).contains(try #require(firsts["often.example"])))
    }
}
