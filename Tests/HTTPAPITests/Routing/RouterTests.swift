import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Telemetry
import Testing

private enum ReadState: Endpoint {
    static let route = Route(
        "readState", .get, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}",
        "/_matrix/client/v3/rooms/{roomId}/state/{eventType}")

    struct Request: RequestDecodable {
        let roomID: RoomID
        let eventType: String
        let stateKey: String?
        init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", RoomID.init)
            eventType = try input.path("eventType")
            stateKey = try input.path(optional: "stateKey")
        }
    }

    static func handle(_ request: Request, from caller: Anyone, with services: Void) async throws -> Echo {
        Echo(members: [
            "room": .string("\(request.roomID)"), "type": .string(request.eventType),
            "key": request.stateKey.map(JSONValue.string) ?? .null,
        ])
    }
}

private enum WriteName: Endpoint {
    static let route = Route("writeName", .put, "/_matrix/client/v3/profile/{userId}/displayname")
    static func handle(_ request: EmptyRequest, from caller: Anyone, with services: Void) async throws -> EmptyObject {
        EmptyObject()
    }
}

private enum DeleteField: Endpoint {
    static let route = Route("deleteField", .delete, "/_matrix/client/v3/profile/{userId}/{keyName}")

    struct Request: RequestDecodable {
        let name: String
        init(from input: borrowing RequestInput) throws(MatrixError) { name = try input.path("keyName") }
    }

    static func handle(_ request: Request, from caller: Anyone, with services: Void) async throws -> Echo {
        Echo(members: ["key": .string(request.name)])
    }
}

private enum PushRules: Endpoint {
    static let route = Route(
        "pushRules", .get, "/_matrix/client/v3/pushrules/", unstable: ["/_matrix/client/unstable/org.x/rules"])
    static func handle(_ request: EmptyRequest, from caller: Anyone, with services: Void) async throws -> EmptyObject {
        EmptyObject()
    }
}

private enum Broken: Endpoint {
    struct Secret: Error { let password = "hunter2" }
    static let route = Route("broken", .get, "/broken")
    static func handle(_ request: EmptyRequest, from caller: Anyone, with services: Void) async throws -> EmptyObject {
        throw Secret()
    }
}

private enum Twin: Endpoint {
    static let route = Route("twin", .get, "/_matrix/client/r0/pushrules/")
    static func handle(_ request: EmptyRequest, from caller: Anyone, with services: Void) async throws -> EmptyObject {
        EmptyObject()
    }
}

private enum DomainError: MatrixErrorRepresentable {
    case gone
    var matrixError: MatrixError { .notFound("It is gone") }
}

private enum Gone: Endpoint {
    static let route = Route("gone", .get, "/_matrix/federation/v1/gone")
    static func handle(_ request: EmptyRequest, from caller: Anyone, with services: Void) async throws -> EmptyObject {
        throw DomainError.gone
    }
}

@Suite struct RouterTests {
    private func makeFixture() throws -> RouterFixture {
        try RouterFixture([ReadState.self, WriteName.self, DeleteField.self, PushRules.self, Broken.self, Gone.self])
    }

    @Test func pathParametersAreDecodedOnceAndOnlyWithinTheirSegment() async throws {
        let fixture = try makeFixture()
        let answer = await fixture.send(
            .get, "/_matrix/client/v3/rooms/%21a%2Fb:x.example/state/m.%2525/%23k+%C3%A9?x=1")
        #expect(answer.status == 200)
        #expect(answer.json == ["room": "!a/b:x.example", "type": "m.%25", "key": "#k+é"])
    }

    @Test func aRouteMayHaveSeveralPaths() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(.get, "/_matrix/client/v3/rooms/!a:b/state/t").json["key"] == .null)
        #expect(await fixture.send(.get, "/_matrix/client/v3/rooms/!a:b/state/t/").json["key"] == "")
        #expect(await fixture.send(.get, "/_matrix/client/r0/rooms/!a:b/state/t/k").json["key"] == "k")
        #expect(await fixture.send(.get, "/_matrix/client/unstable/org.x/rules").status == 200)
    }

    @Test(arguments: [
        "/_matrix/client/v3/rooms/%zz/state/t", "/_matrix/client/v3/rooms/!a:b/state/%ff",
        "/_matrix/client/v3/rooms/!a:b/state/%00", "/_matrix/client/v3/rooms/!a:b/state/a%2",
        "/_matrix/client/v3/rooms/nonsense/state/t", "/_matrix/client/v3/rooms/!a:b/state/t?x=%e9",
    ]) func refusesWhatDoesNotDecode(target: String) async throws {
        let answer = await (try makeFixture()).send(.get, target)
        #expect(answer.status == 400)
        #expect(answer.errcode == "M_INVALID_PARAM")
    }

    @Test(arguments: [
        "/", "", "x", "//", "/_matrix/client/v3/rooms", "/_matrix/client/v3/pushrules",
        "/_matrix/client/v3/pushrules//",
        "/_matrix/client/v3/../v3/pushrules/", String(repeating: "/a", count: 5000),
    ]) func anUnknownPathIsNotFound(target: String) async throws {
        let answer = await (try makeFixture()).send(.get, target)
        #expect(answer.status == 404)
        #expect(answer.errcode == "M_UNRECOGNIZED")
    }

    @Test func aKnownPathWithAnotherMethodIsNotAllowed() async throws {
        let fixture = try makeFixture()
        let answer = await fixture.send(.post, "/_matrix/client/v3/profile/@a:b/displayname")
        #expect(answer.status == 405)
        #expect(answer.errcode == "M_UNRECOGNIZED")
        #expect(answer.response.headers[.allow] == "PUT, DELETE, OPTIONS")
    }

    @Test func aLiteralIsPreferredButNotForAMethodThatItLacks() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(.put, "/_matrix/client/v3/profile/@a:b/displayname").json == [:])
        #expect(await fixture.send(.delete, "/_matrix/client/v3/profile/@a:b/displayname").json["key"] == "displayname")
    }

    @Test func twoRoutesWithOnePathDoNotStart() {
        #expect(throws: RouterError.self) { try RouterFixture([PushRules.self, Twin.self]) }
    }

    @Test func foreignErrorsAreLoggedAndNotTold() async throws {
        let fixture = try makeFixture()
        let answer = await fixture.send(.get, "/broken?access_token=secret")
        #expect(answer.status == 500)
        #expect(answer.json == ["errcode": "M_UNKNOWN", "error": "Internal server error"])
        let id = try #require(answer.response.headers[HTTPField.Name("X-Request-ID")!])
        let line = try #require(fixture.sink.lines.first { $0.contains("request failed") })
        #expect(line.contains("request_id=\(id)") && line.contains("Secret"))
        #expect(!fixture.sink.lines.contains { $0.contains("access_token") })
    }

    @Test func domainErrorsSayForThemselvesWhatIsTold() async throws {
        let answer = await (try makeFixture()).send(.get, "/_matrix/federation/v1/gone")
        #expect(answer.status == 404)
        #expect(answer.json == ["errcode": "M_NOT_FOUND", "error": "It is gone"])
    }

    @Test func browsersMayAskFromAnywhere() async throws {
        let fixture = try makeFixture()
        let preflight = await fixture.send(.options, "/_matrix/client/v3/anything")
        #expect(preflight.status == 204)
        for answer in [
            preflight, await fixture.send(.get, "/_matrix/client/v3/pushrules/"), await fixture.send(.get, "/no"),
        ] {
            #expect(answer.response.headers[.accessControlAllowOrigin] == "*")
            #expect(answer.response.headers[.accessControlAllowMethods]?.contains("DELETE") == true)
            #expect(
                answer.response.headers[.accessControlAllowHeaders] == "X-Requested-With, Content-Type, Authorization")
        }
        let federation = await fixture.send(.get, "/_matrix/federation/v1/gone")
        #expect(federation.response.headers[.accessControlAllowOrigin] == nil)
    }

    @Test func jsonIsLabelledAndNeverCached() async throws {
        let headers = await (try makeFixture()).send(.get, "/_matrix/client/v3/pushrules/").response.headers
        #expect(headers[.contentType] == "application/json")
        #expect(headers[.cacheControl] == "no-cache, no-store, must-revalidate")
    }

    @Test func headIsGetWithoutABody() async throws {
        let answer = await (try makeFixture()).send(.head, "/_matrix/client/v3/pushrules/")
        #expect(answer.status == 200)
        #expect(answer.text.isEmpty)
        #expect(answer.response.headers[.contentLength] == "2")
    }

    @Test func routersOfOneProcessCountTogether() throws {
        let telemetry = Telemetry(
            log: .discarding, metrics: MetricsRegistry(), clock: ManualClock(), random: SeededRandomSource(seed: 1))
        _ = try Router([OperationalEndpoints.health()], telemetry: telemetry)
        _ = try Router(
            [OperationalEndpoints.health(), OperationalEndpoints.metrics(telemetry.metrics)], telemetry: telemetry)
        let lines = telemetry.metrics.prometheusText().split(separator: "\n")
        #expect(Set(lines).count == lines.count)
    }

    @Test func requestsAreCountedByOperationAndOutcome() async throws {
        let fixture = try makeFixture()
        _ = await fixture.send(.get, "/_matrix/client/v3/pushrules/")
        _ = await fixture.send(.get, "/nowhere")
        _ = await fixture.send(.get, "/broken")
        let text = fixture.metrics.prometheusText()
        #expect(text.contains(#"apus_http_requests_total{operation="pushRules",status="2xx"} 1"#))
        #expect(text.contains(#"apus_http_requests_total{operation="none",status="4xx"} 1"#))
        #expect(text.contains(#"apus_http_requests_total{operation="broken",status="5xx"} 1"#))
        #expect(text.contains("apus_http_requests_running 0"))
    }
}
