import HTTPAPI
import HTTPTypes
import MatrixCore
import Telemetry
import Testing

private enum ForUsers: Endpoint {
    static let route = Route("users", .get, "/users")
    static func handle(_ request: EmptyRequest, from caller: LocalUser, with services: Void) async throws -> Echo {
        Echo(members: ["user": .string("\(caller.userID)")])
    }
}

private enum ForGuests: Endpoint {
    static let route = Route("guests", .get, "/guests", guests: true)
    static func handle(_ request: EmptyRequest, from caller: LocalUser, with services: Void) async throws -> Echo {
        Echo(members: ["user": .string("\(caller.userID)")])
    }
}

private enum ForBoth: Endpoint {
    static let route = Route("both", .get, "/both")
    static func handle(_ request: EmptyRequest, from caller: LocalUserOrAnyone, with services: Void) async throws
        -> Echo
    {
        Echo(members: ["user": caller.user.map { .string("\($0.userID)") } ?? .null])
    }
}

private enum ForServices: Endpoint {
    static let route = Route("services", .get, "/services")
    static func handle(_ request: EmptyRequest, from caller: LocalUserOrAppService, with services: Void) async throws
        -> Echo
    {
        switch caller {
        case .user(let user): Echo(members: ["user": .string("\(user.userID)")])
        case .appService(let service): Echo(members: ["service": .string(service.id)])
        }
    }
}

private enum ForAdministrators: Endpoint {
    static let route = Route("administrators", .get, "/administrators", guests: true)
    static func handle(_ request: EmptyRequest, from caller: Administrator, with services: Void) async throws
        -> EmptyObject
    {
        EmptyObject()
    }
}

private enum ForServers: Endpoint {
    static let route = Route("servers", .put, "/servers")
    static func handle(_ request: EmptyRequest, from caller: RemoteServer, with services: Void) async throws -> Echo {
        Echo(members: ["server": .string("\(caller.serverName)")])
    }
}

@Suite struct CallerTests {
    private func makeFixture() throws -> RouterFixture {
        try RouterFixture([
            ForUsers.self, ForGuests.self, ForBoth.self, ForServices.self, ForAdministrators.self, ForServers.self,
        ])
    }

    @Test func tokensComeInTheHeaderOrTheQuery() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(as: "alice", .get, "/users").json["user"] == "@alice:a.example")
        #expect(await fixture.send(.get, "/users?access_token=alice").json["user"] == "@alice:a.example")
        #expect(await fixture.send(.get, "/users", headers: [.authorization: "bearer  alice"]).status == 200)
        #expect(
            await fixture.send(.get, "/users?access_token=alice", headers: [.authorization: "Bearer x"]).status == 401)
    }

    @Test(arguments: ["Basic alice", "Bearer", "Bearer ", "", "alice"])
    func whatIsNoBearerTokenIsMissing(header: String) async throws {
        let answer = await (try makeFixture()).send(.get, "/users", headers: [.authorization: header])
        #expect(answer.status == 401)
        #expect(answer.errcode == "M_MISSING_TOKEN")
    }

    @Test func severalAuthorizationsAreNone() async throws {
        var headers: HTTPFields = [:]
        headers.append(HTTPField(name: .authorization, value: "Bearer alice"))
        headers.append(HTTPField(name: .authorization, value: "Bearer alice"))
        #expect(await (try makeFixture()).send(.get, "/users", headers: headers).errcode == "M_MISSING_TOKEN")
    }

    @Test func missingAndUnknownTokensDiffer() async throws {
        let fixture = try makeFixture()
        for path in ["/users", "/services", "/administrators"] {
            #expect(await fixture.send(.get, path).errcode == "M_MISSING_TOKEN")
            let unknown = await fixture.send(as: "nobody", .get, path)
            #expect(unknown.status == 401)
            #expect(unknown.errcode == "M_UNKNOWN_TOKEN")
        }
        #expect(
            await fixture.send(as: String(repeating: "x", count: 5000), .get, "/users").errcode == "M_UNKNOWN_TOKEN")
    }

    @Test func theAuthenticatorMayRefuseAKnownToken() async throws {
        let answer = await (try makeFixture()).send(as: "locked", .get, "/users")
        #expect(answer.status == 401)
        #expect(answer.json["errcode"] == "M_USER_LOCKED")
        #expect(answer.json["soft_logout"] == true)
    }

    @Test func guestsEnterOnlyWhereTheRouteSaysSo() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(as: "guest", .get, "/guests").status == 200)
        let refused = await fixture.send(as: "guest", .get, "/users")
        #expect(refused.status == 403)
        #expect(refused.errcode == "M_GUEST_ACCESS_FORBIDDEN")
    }

    @Test func anonymousIsNotTheSameAsAWrongToken() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(.get, "/both").json["user"] == .null)
        #expect(await fixture.send(as: "alice", .get, "/both").json["user"] == "@alice:a.example")
        #expect(await fixture.send(as: "nobody", .get, "/both").status == 401)
    }

    @Test func applicationServicesSpeakForThemselves() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(as: "bridge", .get, "/services").json["service"] == "bridge")
        #expect(await fixture.send(as: "alice", .get, "/services").json["user"] == "@alice:a.example")
    }

    @Test func onlyAdministratorsAdministrate() async throws {
        let fixture = try makeFixture()
        #expect(await fixture.send(as: "alice", .get, "/administrators").status == 200)
        let refused = await fixture.send(as: "guest", .get, "/administrators")
        #expect(refused.status == 403 && refused.errcode == "M_FORBIDDEN")
    }

    @Test func serversAreKnownByTheirSignature() async throws {
        let fixture = try makeFixture()
        let good = await fixture.send(.put, "/servers", headers: [.authorization: "X-Matrix good"], body: "{}")
        #expect(good.json["server"] == "b.example")
        let bad = await fixture.send(.put, "/servers", headers: [.authorization: "X-Matrix bad"], body: "{}")
        #expect(bad.status == 401 && bad.errcode == "M_UNAUTHORIZED")
        let broken = await fixture.send(.put, "/servers", headers: [.authorization: "X-Matrix good"], body: "{")
        #expect(broken.errcode == "M_NOT_JSON")
    }

    @Test func tokensDoNotShow() async throws {
        let fixture = try makeFixture()
        _ = await fixture.send(.get, "/users?access_token=alice")
        #expect(!fixture.sink.lines.contains { $0.contains("access_token") || $0.contains("query") })
    }
}
