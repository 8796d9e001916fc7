import ApusTesting
import ClientEndpoints
import Directory
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Telemetry

/// The endpoints about finding, replacing and reporting rooms as a client meets them.
struct DirectoryAPI: Sendable {
    static let serverName = ServerName("example.org")!

    let router: Router
    let worker: RoomsWorker
    let rooms: RoomService
    let directory: RoomDirectory
    let reports: Reports

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
            authenticators: Authenticators(users: NamesAsTokens(interning: worker.interning)))
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

    /// - Parameters:
    ///   - path: below `/_matrix/client`.
    ///   - token: as `NamesAsTokens` reads it.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, as token: String? = nil
    ) async -> EndpointAnswer {
        await router.ask(method, "/_matrix/client" + path.replacing("#", with: "%23"), body, token: token)
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
