import HTTPAPI
import HTTPTypes
import NIOCore
import Testing
import Transport

@Suite struct TLSTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func run(_ body: @escaping @Sendable (ServerFixture, OutboundURL) async throws -> Void) async throws {
        let tls = try HTTPServerConfiguration.tls(
            certificatePath: authority.certificatePath, keyPath: authority.keyPath)
        try await ServerFixture.run {
            $0.tls = tls
        } _: { fixture in
            let url = OutboundURL(isTLS: true, host: "matrix.example", port: fixture.port, target: "/who/a")
            try await body(fixture, url)
        }
    }

    private static let names = ["matrix.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]]

    @Test func aPrivateAuthorityIsTrustedWhenConfigured() async throws {
        let authorities = authority.authorityPath
        try await run { fixture, url in
            let client = try fixture.client({ $0.certificateAuthoritiesPath = authorities }, names: Self.names)
            #expect(try await client.send(OutboundRequest(.get, url)).status == 200)
            #expect(try await client.send(OutboundRequest(.get, url)).status == 200)
            #expect(client.idleConnections == 1)
            client.shutDown()
        }
    }

    /// The certificate of these tests is also for 127.0.0.1, where the other name leads: that must not make it the name's.
    @Test func strangersAreNotTrusted() async throws {
        let authorities = authority.authorityPath
        try await run { fixture, url in
            let distrusting = try fixture.client(names: Self.names)
            let trusting = try fixture.client({ $0.certificateAuthoritiesPath = authorities }, names: Self.names)
            let wrongName = OutboundURL(isTLS: true, host: "other.example", port: fixture.port, target: "/who/a")
            for (client, url) in [(distrusting, url), (trusting, wrongName)] {
                let error = await #expect(throws: OutboundError.self) {
                    try await client.send(OutboundRequest(.get, url))
                }
                guard case .tlsFailed = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            let careless = try fixture.client({ $0.verifiesTLS = false }, names: Self.names)
            #expect(try await careless.send(OutboundRequest(.get, wrongName)).status == 200)
            careless.shutDown()
        }
    }

    /// Server discovery: the certificate and `Host` are those of the name, wherever it leads.
    @Test func theCertificateIsOfTheNameAndNotOfTheAddress() async throws {
        let authorities = authority.authorityPath
        try await run { fixture, url in
            let client = try fixture.client({ $0.certificateAuthoritiesPath = authorities }, names: Self.names)
            var delegated = OutboundRequest(
                .get, OutboundURL(isTLS: true, host: "matrix.example", port: nil, target: "/who/a"))
            delegated.destination = OutboundRequest.Destination(host: "other.example", port: fixture.port)
            #expect(String(buffer: try await client.send(delegated).body).contains("|matrix.example|"))
            // An address as a name must stand in the certificate itself.
            let address = OutboundURL(isTLS: true, host: "127.0.0.1", port: fixture.port, target: "/who/a")
            #expect(try await client.send(OutboundRequest(.get, address)).status == 200)
            client.shutDown()
        }
    }

    @Test func silenceInsteadOfAHandshakeEnds() async throws {
        let tls = try HTTPServerConfiguration.tls(
            certificatePath: authority.certificatePath, keyPath: authority.keyPath)
        try await ServerFixture.run {
            $0.tls = tls
            $0.limits.firstHead = .milliseconds(300)
        } _: { fixture in
            let connection = try await fixture.connect()
            #expect(try await connection.untilEnd() != nil)
        }
    }
}
