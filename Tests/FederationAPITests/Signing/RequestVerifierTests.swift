import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import Telemetry
import Testing

@Suite struct RequestVerifierTests {
    private let ours = ServerName("a.example")!
    private let theirs = ServerName("b.example")!
    private let key = SigningKey(version: "k1", seed: Array(repeating: 9, count: 32))!
    private let otherKey = SigningKey(version: "k1", seed: Array(repeating: 8, count: 32))!

    private func header(
        method: String = "PUT", target: String = "/t?x=1", origin: String = "b.example",
        destination: String? = "a.example",
        body: String? = #"{"b":1,"a":"é"}"#, key: SigningKey? = nil
    ) throws -> String {
        let content = try body.map { try JSONDocument(parsing: $0) }
        return try FederationRequest(
            method: method, target: target, origin: try #require(ServerName(origin)),
            destination: destination.flatMap(ServerName.init), content: content?.root
        ).authorization(key: key ?? self.key).header
    }

    private func check(
        _ headers: [String], target: String = "/t?x=1", body: String? = #"{ "a" : "\u00e9", "b":1 }"#,
        isAllowed: @escaping @Sendable (ServerName) -> Bool = { _ in true }
    ) async throws -> RemoteServer {
        var fields: HTTPFields = [:]
        for header in headers { fields.append(HTTPField(name: .authorization, value: header)) }
        let verifier = RequestVerifier(
            serverName: ours, keys: TableKeys(keys: ["b.example ed25519:k1": key.publicKey]), clock: ManualClock(),
            isAllowed: isAllowed)
        return try await verifier.server(
            signing: CallerRequest(
                route: Route("x", .put, "/t"), headers: fields, clientAddress: "", query: Query(nil), target: target,
                signedBody: try body.map { try JSONDocument(parsing: $0) }))
    }

    @Test func acceptsWhatIsSigned() async throws {
        let server = try await check([header()])
        #expect(server.serverName == theirs && server.destination == ours)
        #expect(try await check([header(destination: nil)]).serverName == theirs)
        #expect(try await check([header(key: otherKey), header()]).serverName == theirs)
        #expect(try await check([header(body: nil)], body: nil).serverName == theirs)
    }

    @Test func refusesEverythingElse() async throws {
        let cases: [(String, [String])] = [
            ("no header", []), ("nonsense", ["X-Matrix nonsense"]), ("a token", ["Bearer abc"]),
            ("another method", [try header(method: "POST")]), ("another target", [try header(target: "/t?x=2")]),
            ("no query", [try header(target: "/t")]), ("another body", [try header(body: #"{"a":"é","b":2}"#)]),
            ("no body", [try header(body: nil)]), ("another destination", [try header(destination: "c.example")]),
            ("another key", [try header(key: otherKey)]), ("an unknown server", [try header(origin: "c.example")]),
            ("ourselves", [try header(origin: "a.example")]),
            ("two servers", [try header(), try header(origin: "c.example")]),
            ("too many", Array(repeating: try header(key: otherKey), count: 5)),
            ("a changed origin", [try header().replacing("origin=\"b.", with: "origin=\"B.")]),
        ]
        for (what, headers) in cases {
            let error = await #expect(throws: MatrixError.self, "\(what)") { try await check(headers) }
            #expect(error?.status == 401 && error?.errcode == .unauthorized, "\(what)")
        }
    }

    @Test func refusesServersThatAreNotLetIn() async throws {
        let error = await #expect(throws: MatrixError.self) { try await check([header()], isAllowed: { _ in false }) }
        #expect(error?.errcode == .forbidden)
    }
}
