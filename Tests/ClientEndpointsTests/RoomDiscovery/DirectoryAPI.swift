import ApusTesting
import ClientEndpoints
import Directory
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Rooms
import RoomsTesting
import Storage
import Telemetry

/// The endpoints about finding, replacing and reporting rooms as a client meets them. A token is the localpart of its user;
/// after `admin.`, `guest.` or `suspended.` that of such a user, and after `service.` the id of an application service.
struct DirectoryAPI: Sendable {
    static let serverName = ServerName("example.org")!

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        var errcode: String? { body["errcode"]?.string }
        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    let router: Router
    let worker: RoomsWorker
    let rooms: RoomService
    let directory: RoomDirectory
    let reports: Reports

    private struct Tokens: UserAuthenticator {
        let interning: Interning

        func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
            let parts = token.secret.split(separator: ".")
            guard let name = parts.last, let userID = UserID("@\(name):example.org"), parts.first != "service" else {
                return nil
            }
            let kind = parts.count > 1 ? parts.first : nil
            return LocalUser(
                userID: userID, userNID: try await interning.user(userID).nid, deviceID: "D", tokenID: 1,
                isGuest: kind == "guest", isAdministrator: kind == "admin", isSuspended: kind == "suspended")
        }

        func appService(presenting token: AccessToken, in request: CallerRequest) async throws -> AppService? {
            guard token.secret.hasPrefix("service."), let sender = UserID("@bridge:example.org") else { return nil }
            return AppService(
                id: String(token.secret.dropFirst("service.".count)), senderUserID: sender, isRateLimited: false)
        }
    }

    static func with(
        isShownToAnyone: Bool = true, _ body: @escaping @Sendable (DirectoryAPI) async throws -> Void
    ) async throws {
        try await RoomsWorker.with(serverName.description) { worker in
            try await body(try DirectoryAPI(worker, isShownToAnyone: isShownToAnyone))
        }
    }

    private init(_ worker: RoomsWorker, isShownToAnyone: Bool) throws {
        let rooms = worker.rooms.following(
            RoomSuccession(
                accountData: AccountDataStore(pool: worker.pool), pushRules: PushRuleStore(pool: worker.pool),
                names: DirectoryStore(pool: worker.pool),
                feed: worker.feed, telemetry: worker.telemetry))
        let directory = RoomDirectory(
            store: DirectoryStore(pool: worker.pool), rooms: rooms, policy: .everyone,
            isShownToAnyone: isShownToAnyone)
        let reports = Reports(rooms: rooms, store: ReportStore(pool: worker.pool))
        let environment = EndpointEnvironment(
            authenticators: Authenticators(users: Tokens(interning: worker.interning)))
        let spaces = SpaceServices(
            rooms: rooms,
            hierarchies: SpaceHierarchies(directory: directory, pages: HierarchyPageStore(pool: worker.pool)))
        let endpoints =
            ServedEndpoint.all(DirectoryEndpoints.all, with: directory, in: environment)
            + ServedEndpoint.all(SpaceEndpoints.all, with: spaces, in: environment)
            + ServedEndpoint.all(
                UpgradeEndpoints.all,
                with: UpgradeServices(rooms: rooms, upgrades: RoomUpgrades(rooms: rooms, names: directory)),
                in: environment)
            + ServedEndpoint.all(ReportEndpoints.all, with: reports, in: environment)
        self.worker = worker
        self.rooms = rooms
        self.directory = directory
        self.reports = reports
        router = try Router(endpoints, telemetry: worker.telemetry)
    }

    /// - Parameter path: below `/_matrix/client`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as token: String? = nil
    ) async -> Answer {
        var headers: HTTPFields = [:]
        if let token { headers[.authorization] = "Bearer \(token)" }
        let text = body.map { String(decoding: $0.canonicalBytes, as: UTF8.self) }
        let response = await router.respond(
            to: ServerRequest(
                method: method, target: "/_matrix/client" + path.replacing("#", with: "%23"), headers: headers,
                clientAddress: "192.0.2.1", body: text.map { .buffer(ByteBuffer(string: $0)) } ?? .empty))
        guard case .buffer(let buffer) = response.body else { return Answer(status: response.status.code, body: nil) }
        let json = try? JSONValue(parsing: Array(buffer.readableBytesView))
        return Answer(status: response.status.code, body: json ?? nil)
    }

    /// A room that everybody may join.
    func room(
        by name: String, members: [String] = [], _ fill: (inout RoomCreation) -> Void = { _ in }
    ) async throws -> RoomID {
        let creator = try await worker.user(name)
        let room = try await worker.room(by: creator, aliases: directory, fill)
        for member in members { try await rooms.join(room, as: try await worker.user(member)) }
        return room
    }
}
