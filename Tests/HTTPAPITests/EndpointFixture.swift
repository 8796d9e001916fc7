import HTTPAPI
import HTTPTypes
import Logging
import MatrixCore
import NIOCore
import Telemetry
import Testing

/// Authenticates by a table, and notes what it was asked.
struct TableAuthenticator: UserAuthenticator, ServerAuthenticator {
    static let alice = LocalUser(
        userID: UserID("@alice:a.example")!, userNID: UserNID(1), deviceID: "D", tokenID: 1, isAdministrator: true)
    static let guest = LocalUser(
        userID: UserID("@guest:a.example")!, userNID: UserNID(2), deviceID: "D", tokenID: 2, isGuest: true)

    func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
        switch token.secret {
        case "alice": Self.alice
        case "guest": Self.guest
        case "locked": throw MatrixError(.userLocked, "Locked", fields: ["soft_logout": true])
        default: nil
        }
    }

    func appService(presenting token: AccessToken, in request: CallerRequest) async throws -> AppService? {
        token.secret == "bridge"
            ? AppService(id: "bridge", senderUserID: UserID("@bridge:a.example")!, isRateLimited: false) : nil
    }

    func server(signing request: CallerRequest) async throws -> RemoteServer {
        guard request.headers[.authorization] == "X-Matrix good" else {
            throw MatrixError(.unauthorized, "Bad signature")
        }
        return RemoteServer(serverName: ServerName("b.example")!, destination: ServerName("a.example")!)
    }
}

/// Answers with what it was given, so that tests see what arrived.
struct Echo: JSONResponse {
    var members: [String: JSONValue]
    func write(to json: inout JSONWriter) { json.value(.object(members)) }
}

/// Routers of a few endpoints, without any server.
struct RouterFixture {
    let router: Router
    let sink = MemorySink()
    let metrics = MetricsRegistry()
    let clock = ManualClock()

    init(_ endpoints: [any Endpoint<Void>.Type], limiter: (any Clock) -> any RateLimiter = { _ in UnlimitedRate() })
        throws
    {
        let output = LogOutput(sink: sink, format: .text, level: .debug, clock: clock)
        let telemetry = Telemetry(
            log: Log(label: "test", output: output), metrics: metrics, clock: clock, random: SeededRandomSource(seed: 1)
        )
        let authenticator = TableAuthenticator()
        let environment = EndpointEnvironment(
            authenticators: Authenticators(users: authenticator, servers: authenticator), rateLimiter: limiter(clock))
        router = try Router(ServedEndpoint.all(endpoints, with: (), in: environment), telemetry: telemetry)
    }

    func send(
        _ method: HTTPRequest.Method, _ target: String, headers: HTTPFields = [:], body: String = ""
    ) async -> Answer {
        let request = ServerRequest(
            method: method, target: target, headers: headers, clientAddress: "192.0.2.1",
            body: body.isEmpty ? .empty : .buffer(ByteBuffer(string: body)))
        return Answer(response: await router.respond(to: request))
    }

    func send(as token: String, _ method: HTTPRequest.Method, _ target: String, body: String = "") async -> Answer {
        await send(method, target, headers: [.authorization: "Bearer \(token)"], body: body)
    }
}

struct Answer {
    let response: ServerResponse
    var status: Int { response.status.code }
    var text: String {
        if case .buffer(let buffer) = response.body { String(buffer: buffer) } else { "<stream>" }
    }
    var json: JSONValue { (try? JSONValue(parsing: text)) ?? nil }
    var errcode: String? { json["errcode"]?.string }
}
