import FederationAPI
import HTTPAPI
import MatrixCore
import Testing

/// Every case of https://spec.matrix.org/v1.19/server-server-api/#server-discovery
@Suite struct DiscoveryStepsTests {
    private typealias Destination = OutboundRequest.Destination

    private func name(_ text: String) throws -> ServerName { try #require(ServerName(text)) }

    private func record(_ host: String, _ port: UInt16, lifetime: Duration = .seconds(3600)) -> ServiceRecord {
        ServiceRecord(priority: 0, weight: 0, host: host, port: port, lifetime: lifetime)
    }

    @Test(arguments: [
        // Step 1: addresses.
        ("1.2.3.4", "1.2.3.4", 8448), ("1.2.3.4:99", "1.2.3.4", 99), ("[2001:db8::1]", "2001:db8::1", 8448),
        ("[2001:db8::1]:99", "2001:db8::1", 99),
        // Step 2: a port that is given.
        ("example.org:443", "example.org", 443), ("example.org:8448", "example.org", 8448),
    ]) func someNamesNeedNoQuestions(text: String, host: String, port: Int) throws {
        let name = try name(text)
        guard case .found(let server) = DiscoverySteps(name).begin() else {
            Issue.record("it asks")
            return
        }
        #expect(server.name == name)
        #expect(server.destinations == [Destination(host: host, port: port)])
    }

    @Test(arguments: [
        // Step 3.1.
        ("1.2.3.4", "1.2.3.4", 8448), ("1.2.3.4:99", "1.2.3.4", 99), ("[::1]:99", "::1", 99),
        // Step 3.2.
        ("matrix.example.net:443", "matrix.example.net", 443),
    ]) func delegationsThatNeedNoMoreQuestions(delegated: String, host: String, port: Int) throws {
        var steps = DiscoverySteps(try name("example.org"))
        #expect(steps.begin() == .askWellKnown(host: "example.org"))
        let step = steps.answer(delegated: try name(delegated), lifetime: .seconds(777))
        #expect(
            step
                == .found(
                    DiscoveredServer(
                        name: try name(delegated), destinations: [Destination(host: host, port: port)],
                        lifetime: .seconds(777))))
    }

    /// Steps 3.3 and 4, and the deprecated 3.4 and 5: the certificate is for the name, not for the target.
    @Test(arguments: [true, false], [true, false]) func servicesAreAskedFor(isDelegated: Bool, isDeprecated: Bool)
        throws
    {
        var steps = DiscoverySteps(try name("example.org"))
        #expect(steps.begin() == .askWellKnown(host: "example.org"))
        let host = isDelegated ? "matrix.example.net" : "example.org"
        var step = steps.answer(delegated: isDelegated ? try name(host) : nil, lifetime: .seconds(80_000))
        #expect(step == .askServices(name: "_matrix-fed._tcp.\(host)"))
        if isDeprecated {
            step = steps.answer(services: [])
            #expect(step == .askServices(name: "_matrix._tcp.\(host)"))
        }
        step = steps.answer(services: [record("a.example.com.", 1), record("b.example.com", 2, lifetime: .seconds(90))])
        #expect(
            step
                == .found(
                    DiscoveredServer(
                        name: try name(host),
                        destinations: [
                            Destination(host: "a.example.com", port: 1), Destination(host: "b.example.com", port: 2),
                        ], lifetime: .seconds(90))))
    }

    /// Steps 3.5 and 6.
    @Test(arguments: [true, false]) func theLastResortIsTheDefaultPort(isDelegated: Bool) throws {
        var steps = DiscoverySteps(try name("example.org"))
        let host = isDelegated ? "matrix.example.net" : "example.org"
        _ = steps.answer(delegated: isDelegated ? try name(host) : nil, lifetime: .seconds(5000))
        _ = steps.answer(services: [])
        #expect(
            steps.answer(services: [])
                == .found(
                    DiscoveredServer(
                        name: try name(host), destinations: [Destination(host: host, port: 8448)],
                        lifetime: .seconds(5000))))
    }

    @Test func failedLookupsAreNotBelievedForLong() throws {
        var steps = DiscoverySteps(try name("example.org"))
        _ = steps.answer(delegated: nil, lifetime: .seconds(80_000))
        _ = steps.answer(services: nil)
        guard case .found(let server) = steps.answer(services: []) else {
            Issue.record("it asks")
            return
        }
        #expect(server.lifetime == DiscoverySteps.uncertainLifetime)
    }

    @Test func targetsThatAreNowhereAreLeftOut() throws {
        var steps = DiscoverySteps(try name("example.org"))
        _ = steps.answer(delegated: nil, lifetime: .seconds(80_000))
        let step = steps.answer(services: [
            record("a.example.com", 0), record("127.0.0.1", 1), record("a b", 1), record("", 1), record("[::1]", 1),
        ])
        #expect(step == .askServices(name: "_matrix._tcp.example.org"))
        var many = DiscoverySteps(try name("example.org"))
        _ = many.answer(delegated: nil, lifetime: .seconds(80_000))
        guard case .found(let server) = many.answer(services: (1...30).map { record("h\($0).example", 1) }) else {
            Issue.record("it asks")
            return
        }
        #expect(server.destinations.count == DiscoverySteps.maximumDestinations)
    }
}
