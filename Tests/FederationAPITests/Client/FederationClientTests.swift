import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Testing

@Suite struct FederationClientTests {
    /// Checks the signature on a request as the other server would.
    private func verify(_ request: OutboundRequest, _ fixture: FederationFixture) async throws -> RemoteServer {
        let verifier = RequestVerifier(
            serverName: fixture.theirs, keys: TableKeys(keys: ["a.example ed25519:1": fixture.key.publicKey]),
            clock: fixture.clock)
        let method = try #require(RouteMethod(rawValue: request.method.rawValue))
        let body = try request.body.map { try JSONDocument(parsing: Array($0.readableBytesView)) }
        return try await verifier.server(
            signing: CallerRequest(
                route: Route("x", method, "/x"), headers: request.headers, clientAddress: "", query: Query(nil),
                target: request.url.target, signedBody: body))
    }

    @Test func requestsAreSignedSoThatTheOtherSideAccepts() async throws {
        let fixture = FederationFixture { _ in (200, [:], #"{"pdus":{"$a:b":{},"$c:d":{"error":"no"}}}"#) }
        let body = Transaction.body(
            origin: fixture.ours, originServerTS: 1, pdus: [Array(#"{"a":"\u00e9"}"#.utf8)],
            edus: [Transaction.edu(type: "m.typing", content: ["x": 1])])
        let result = try await fixture.client.sendTransaction(body, id: "t/1 é", to: fixture.theirs)
        #expect(result.failures.count == 2)
        #expect(result.failures[try #require(EventID("$c:d"))] == .some("no"))
        let request = try #require(fixture.network.requests.first)
        #expect(request.url.target == "/_matrix/federation/v1/send/t%2F1%20%C3%A9")
        #expect(request.url.authority == "b.example:8448")
        #expect(try await verify(request, fixture).serverName == fixture.ours)
        let drafted = try? await fixture.client.makeMembership(
            .join, roomID: try #require(RoomID("!r:b.example")), userID: try #require(UserID("@u:a.example")),
            versions: ["11", "12"], at: fixture.theirs)
        #expect(drafted == nil)
        let get = try #require(fixture.network.requests.last)
        #expect(get.url.target == "/_matrix/federation/v1/make_join/%21r%3Ab.example/%40u%3Aa.example?ver=11&ver=12")
        #expect(try await verify(get, fixture).serverName == fixture.ours)
    }

    @Test func everyAddressIsTriedBeforeItGivesUp() async throws {
        let fixture = FederationFixture { request in
            switch request.destination?.host {
            case nil: return (404, [:], "")
            case "one.example": throw OutboundError.connectionFailed("refused")
            default: return (200, [:], #"{"pdus":{}}"#)
            }
        }
        let name = try #require(ServerName("c.example"))
        fixture.network.setServices(
            "_matrix-fed._tcp.c.example",
            ["one.example", "two.example"].enumerated().map { index, host in
                ServiceRecord(priority: UInt16(index), weight: 0, host: host, port: 1, lifetime: .seconds(60))
            })
        _ = try await fixture.client.sendTransaction(Array("{}".utf8), id: "1", to: name)
        #expect(fixture.network.requests.map { $0.destination?.host } == [nil, "one.example", "two.example"])
        #expect(fixture.network.requests.last?.url.authority == "c.example")
    }

    @Test func aRequestThatMayHaveArrivedIsNotSentElsewhere() async throws {
        let fixture = FederationFixture { request in
            if request.destination == nil { return (404, [:], "") }
            throw OutboundError.timedOut
        }
        let name = try #require(ServerName("c.example"))
        fixture.network.setServices(
            "_matrix-fed._tcp.c.example",
            ["one.example", "two.example"].map {
                ServiceRecord(priority: 1, weight: 0, host: $0, port: 1, lifetime: .seconds(60))
            })
        await #expect(throws: FederationError.unreachable(.timedOut)) {
            try await fixture.client.sendTransaction(Array("{}".utf8), id: "1", to: name)
        }
        #expect(fixture.network.requests.count == 2)
    }

    @Test func serversThatAreNotAllowedAreNotAsked() async throws {
        let fixture = FederationFixture(isAllowed: { _ in false }) { _ in (200, [:], "{}") }
        await #expect(throws: FederationError.notAllowed) { try await fixture.client.serverKeys(of: fixture.theirs) }
        #expect(fixture.network.requests.isEmpty)
    }

    /// ATTACKS 39 (GHSA-95fh-hv8c-chvq): what another server says of its tokens or limits is not said of ours.
    @Test(arguments: [
        (401, "M_UNKNOWN_TOKEN", "M_UNKNOWN", 502), (401, "M_MISSING_TOKEN", "M_UNKNOWN", 502),
        (429, "M_LIMIT_EXCEEDED", "M_UNKNOWN", 502), (403, "M_USER_LOCKED", "M_UNKNOWN", 502),
        (500, "M_UNKNOWN", "M_UNKNOWN", 502), (403, "M_FORBIDDEN", "M_FORBIDDEN", 403),
        (404, "M_NOT_FOUND", "M_NOT_FOUND", 404), (400, "ORG.OTHER", "M_UNKNOWN", 502),
    ]) func refusalsAreTranslated(status: Int, errcode: String, told: String, toldStatus: Int) async throws {
        let fixture = FederationFixture { _ in
            (
                status, [.retryAfter: "99999999999"],
                #"{"errcode":"\#(errcode)","error":"e","soft_logout":true,"retry_after_ms":9}"#
            )
        }
        let error = await #expect(throws: FederationError.self) {
            try await fixture.client.resolve(try #require(RoomAlias("#a:b.example")), at: fixture.theirs)
        }
        let matrixError = try #require(error).matrixError
        #expect(matrixError.errcode?.rawValue == told)
        #expect(matrixError.status == toldStatus)
        #expect(matrixError.fields.isEmpty && matrixError.retryAfter == nil)
        #expect(error?.isServerDown == (status >= 500 || status == 429))
    }

    @Test(arguments: [
        "", "[]", "null", "{", "<html>", #"{"room_id":1,"servers":[]}"#, #"{"servers":[]}"#, #"{"room_id":"!a:b"}"#,
    ])
    func answersAreNotBelieved(body: String) async throws {
        let fixture = FederationFixture { _ in (200, [:], body) }
        let error = await #expect(throws: FederationError.self) {
            try await fixture.client.resolve(try #require(RoomAlias("#a:b.example")), at: fixture.theirs)
        }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
