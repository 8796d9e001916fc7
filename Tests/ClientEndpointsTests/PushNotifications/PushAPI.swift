import ApusTesting
import ClientEndpoints
import Cluster
import EndpointsTesting
import Ephemeral
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import Push
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// The endpoints about notifications as a client meets them.
struct PushAPI: Sendable {
    let worker: RoomsWorker
    private let router: Router

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
            let environment = EndpointEnvironment(
                authenticators: Authenticators(users: NamesAsTokens(interning: worker.interning)))
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
    ) async -> EndpointAnswer {
        await router.ask(method, "/_matrix/client/v3" + path, body, token: user)
    }

    /// The user's own rules of a kind, the most important ones first.
    func rules(_ kind: String) async -> [String] {
        let rules = await ask(.get, "/pushrules/global/")[kind]?.array ?? []
        return rules.filter { $0["default"] == false }.compactMap { $0["rule_id"]?.string }
    }
}
