import ApusTesting
import ClientEndpoints
import Encryption
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Storage
import Telemetry

/// The endpoints of backups as a client meets them. The token is the user's name.
struct KeyBackupAPI: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        let isStreamed: Bool
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    private let router: Router

    static func with(_ body: (KeyBackupAPI) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let telemetry = Telemetry.silent()
            let interning = Interning(pool: pool, shardCount: 16)
            var users: [String: UserRecord] = [:]
            for name in ["alice", "bob"] {
                guard let userID = UserID("@\(name):example.org") else { throw TestingError("no user id") }
                let user = try await interning.user(userID)
                _ = try await AccountStore(pool: pool).create(
                    NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
                users[name] = user
            }
            let environment = EndpointEnvironment(authenticators: Authenticators(users: NamedUsers(users: users)))
            let backups = KeyBackups(store: KeyBackupStore(pool: pool), clock: telemetry.clock)
            let endpoints = ServedEndpoint.all(KeyBackupEndpoints.all, with: backups, in: environment)
            try await body(KeyBackupAPI(router: try Router(endpoints, telemetry: telemetry)))
            await pool.close()
        }
    }

    /// - Parameter path: below `/_matrix/client/v3/room_keys`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as user: String? = "alice"
    ) async throws -> Answer {
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: "/_matrix/client/v3/room_keys" + path,
                headers: user.map { [.authorization: "Bearer \($0)"] } ?? [:],
                body: body.map { .buffer(ByteBuffer(bytes: $0.canonicalBytes)) } ?? .empty))
        var (bytes, isStreamed): ([UInt8], Bool) = ([], false)
        switch response.body {
        case .buffer(let buffer): bytes = Array(buffer.readableBytesView)
        case .stream(let stream, _):
            isStreamed = true
            for try await buffer in stream { bytes += Array(buffer.readableBytesView) }
        }
        return Answer(status: response.status.code, body: try JSONValue(parsing: bytes), isStreamed: isStreamed)
    }

    private struct NamedUsers: UserAuthenticator {
        let users: [String: UserRecord]

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            users[token.secret].map { LocalUser(userID: $0.userID, userNID: $0.nid, deviceID: "D", tokenID: 1) }
        }
    }
}
