import ApusTesting
import ClientEndpoints
import Cluster
import Ephemeral
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Push
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// The endpoints about notifications as a client meets them. A token is the localpart of its user.
struct PushAPI: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    let worker: RoomsWorker
    private let router: Router

    private struct Tokens: UserAuthenticator {
        let worker: RoomsWorker

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            let user = try await worker.user(token.secret)
            return LocalUser(userID: user.userID, userNID: user.nid, deviceID: "D", tokenID: 1, isSuspended: false)
        }
    }

    static func with(_ body: @escaping @Sendable (PushAPI) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let rules = PushRuleStore(pool: pool)
            var policy: Notifications?
            let worker = try await RoomsWorker(pool: pool) { interning, feed in
                let notifications = Notifications(
                    rules: rules, accountData: AccountDataStore(pool: pool), memberships: MembershipStore(pool: pool),
                    interning: interning, feed: feed)
                policy = notifications
                return notifications
            }
            let services = PushEndpointServices(
                rules: PushRules(
                    store: rules, interning: worker.interning, feed: worker.feed, telemetry: worker.telemetry),
                pushers: Pushers(store: PusherStore(pool: pool), telemetry: worker.telemetry),
                notifications: NotificationList(
                    store: NotificationStore(pool: pool), receipts: ReceiptStore(pool: pool), rooms: worker.rooms,
                    notifications: try #require(policy), feed: worker.feed))
            let environment = EndpointEnvironment(authenticators: Authenticators(users: Tokens(worker: worker)))
            let router = try Router(
                ServedEndpoint.all(PushEndpoints.all, with: services, in: environment), telemetry: worker.telemetry)
            let api = PushAPI(worker: worker, router: router)
            try await worker.following { try await body(api) }
            await pool.close()
        }
    }

    /// - Parameter user: the localpart of who asks.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as user: String? = "bob"
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

    /// The user's own rules of a kind, the most important ones first.
    func rules(_ kind: String) async -> [String] {
        let rules = await ask(.get, "/pushrules/global/")[kind]?.array ?? []
        return rules.filter { $0["default"] == false }.compactMap { $0["rule_id"]?.string }
    }
}
