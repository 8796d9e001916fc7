import ApusTesting
import ClientEndpoints
import Cluster
import Ephemeral
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry

/// The endpoints about rooms and about following them as a client meets them. A token is the localpart of its user, after
/// `suspended.` that of a user who is suspended.
struct SyncAPI: Sendable {
    static let serverName = ServerName("example.org")!

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    let router: Router

    private struct Tokens: UserAuthenticator {
        let interning: Interning

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            let isSuspended = token.secret.hasPrefix("suspended.")
            let name = isSuspended ? token.secret.dropFirst("suspended.".count) : token.secret[...]
            guard let userID = UserID("@\(name):example.org") else { return nil }
            return LocalUser(
                userID: userID, userNID: try await interning.user(userID).nid, deviceID: "D", tokenID: 1,
                isSuspended: isSuspended)
        }
    }

    static func with(_ body: @escaping @Sendable (SyncAPI) async throws -> Void) async throws {
        try await RoomsWorker.with(serverName.description) { worker in
            let api = SyncAPI(router: try router(worker))
            try await worker.following { try await body(api) }
        }
    }

    private static func router(_ worker: RoomsWorker) throws -> Router {
        let ephemeral = EphemeralParts(worker)
        let rooms = worker.rooms
        let sync = SyncService(
            SyncSetup(
                rooms: rooms, typing: ephemeral.typing, feed: worker.feed, watches: ephemeral.watches,
                timeouts: worker.timeouts, log: worker.log, receipts: ephemeral.receiptStore,
                accountData: AccountDataStore(pool: worker.pool), filters: FilterStore(pool: worker.pool),
                pushRules: { _ in nil }, telemetry: worker.telemetry))
        let environment = EndpointEnvironment(
            authenticators: Authenticators(users: Tokens(interning: worker.interning)))
        let services = SyncEndpointServices(
            sync: sync, typing: RoomTyping(rooms: rooms, typing: ephemeral.typing), receipts: ephemeral.receipts)
        let endpoints =
            ServedEndpoint.all(SyncEndpoints.all, with: services, in: environment)
            + ServedEndpoint.all(
                RoomEndpoints.all,
                with: RoomEndpointServices(rooms: rooms, aliases: NoAliases(), defaultVersion: .default),
                in: environment)
        return try Router(endpoints, telemetry: worker.telemetry)
    }

    /// - Parameter user: the localpart of who asks.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as user: String? = nil
    ) async -> Answer {
        var headers: HTTPFields = [:]
        if let user { headers[.authorization] = "Bearer \(user)" }
        let text = body.map { String(decoding: $0.canonicalBytes, as: UTF8.self) }
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: "/_matrix/client/v3" + path, headers: headers, clientAddress: "192.0.2.1",
                body: text.map { .buffer(ByteBuffer(string: $0)) } ?? .empty))
        guard case .buffer(let buffer) = response.body else { return Answer(status: response.status.code, body: nil) }
        let json = try? JSONValue(parsing: Array(buffer.readableBytesView))
        return Answer(status: response.status.code, body: json ?? nil)
    }

    /// A public room of `user`, and an event in it.
    func room(by user: String) async throws -> (room: String, event: String) {
        let created = await ask(.post, "/createRoom", ["preset": "public_chat"], as: user)
        guard let room = created["room_id"]?.string else { throw TestingError("not created: \(created)") }
        let sent = await ask(
            .put, "/rooms/\(room)/send/m.room.message/1", ["msgtype": "m.text", "body": "hello"], as: user)
        guard let event = sent["event_id"]?.string else { throw TestingError("not sent: \(sent)") }
        return (room, event)
    }
}

/// A server without aliases.
private struct NoAliases: RoomAliasing {
    func resolve(_ alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName]) {
        throw MatrixError.notFound()
    }
    func permitsPublishing(isAdministrator: Bool) -> Bool { isAdministrator }
    func isTaken(_ alias: RoomAlias) async throws -> Bool { false }
    func reserve(_ alias: RoomAlias, for room: RoomRecord, by user: UserRecord) async throws {}
    func release(_ alias: RoomAlias) async throws {}
    func publish(_ room: RoomRecord) async throws {}
}
