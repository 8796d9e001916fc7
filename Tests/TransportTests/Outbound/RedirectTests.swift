import HTTPAPI
import HTTPTypes
import NIOCore
import Testing
import Transport

@Suite struct RedirectTests {
    private func request(_ fixture: ServerFixture, to location: String, limit: Int) throws -> OutboundRequest {
        var request = OutboundRequest(
            .get, try #require(OutboundURL("http://a.example:\(fixture.port)/redirect?\(location)")),
            headers: [.authorization: "secret"])
        request.maximumRedirects = limit
        return request
    }

    private static let names = ["a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"]]

    @Test func areNotFollowedUnlessAskedFor() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(names: Self.names)
            let response = try await client.send(request(fixture, to: "/who/x", limit: 0))
            #expect(response.status == 302)
            #expect(response.headers[.location] == "/who/x")
            client.shutDown()
        }
    }

    @Test func keepSecretsToTheirHost() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(names: Self.names)
            let same = try await client.send(request(fixture, to: "/who/x", limit: 1))
            #expect(String(buffer: same.body).hasSuffix("|secret"))
            let other = try await client.send(request(fixture, to: "http://b.example:\(fixture.port)/who/x", limit: 1))
            #expect(String(buffer: other.body).contains("|b.example:\(fixture.port)|"))
            #expect(String(buffer: other.body).hasSuffix("|-"))
            #expect(other.head.url.host == "b.example")
            client.shutDown()
        }
    }

    @Test func endWhenThereAreTooMany() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(names: Self.names)
            let twice = "%2Fredirect%3F%2Fwho%2Fx"
            await #expect(throws: OutboundError.tooManyRedirects) {
                try await client.send(request(fixture, to: twice, limit: 1))
            }
            #expect(fixture.events.count("redirect") == 2)
            #expect(try await client.send(request(fixture, to: twice, limit: 2)).status == 200)
            client.shutDown()
        }
    }

    /// ATTACKS 16 and 32: every hop is judged.
    @Test(arguments: ["http://c.example:1/", "http://[::1]:1/", "http://169.254.169.254/latest/meta-data/"])
    func eachHopIsJudged(location: String) async throws {
        try await ServerFixture.run { fixture in
            let here = try #require(IPAddress("127.0.0.1"))
            let client = try fixture.client(
                { $0.addressPolicy = AddressPolicy(allowsPrivateAddresses: false, exceptions: [here]) },
                names: Self.names.merging(["c.example": ["10.1.2.3"]]) { $1 })
            await #expect(throws: OutboundError.addressRefused) {
                try await client.send(request(fixture, to: location, limit: 3))
            }
            #expect(fixture.events.count("redirect") == 1)
        }
    }

    @Test(arguments: [
        "ftp://b.example/", "http://user:password@b.example/", "http://b.example:99999/", "file:///etc/passwd",
    ])
    func doNotLeadElsewhereThanTheWeb(location: String) async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(names: Self.names)
            await #expect(throws: OutboundError.badRedirect) {
                try await client.send(request(fixture, to: location, limit: 3))
            }
        }
    }
}
