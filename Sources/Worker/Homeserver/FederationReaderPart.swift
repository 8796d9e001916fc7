import Accounts
import Cluster
import Ephemeral
import Federation
import FederationAPI
import FederationEndpoints
import HTTPAPI
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// What other servers ask of us.
struct FederationReaderPart: Sendable {
    private let keys: KeyNotary
    private let queries: QueryServices
    private let openID: OpenIDTokens
    private let userKeys: FederatedKeyServices
    private let deviceLists: DeviceListsPart
    private let history: RoomHistoryServices
    private let memberships: FederatedMembershipServices
    private let transactions: TransactionEndpointServices
    let authenticator: any ServerAuthenticator
    /// Places events that came with gaps before them.
    let placing: DutyRunner
    /// Fetches device lists of other servers' users.
    let resyncing: DutyRunner

    init(
        _ core: HomeserverCore, link: FederationLink, accounts: AccountsPart, openID: OpenIDTokens, rooms: RoomsPart,
        sync: SyncPart, encryption: EncryptionPart, deviceLists: DeviceListsPart, toDevice: ToDevicePart
    ) {
        let telemetry = core.telemetry
        self.openID = openID
        userKeys = encryption.federation
        self.deviceLists = deviceLists
        resyncing = deviceLists.resyncing(core, link: link)
        keys = KeyNotary(
            serverName: core.server.name, ownKeys: link.ownKeys, remote: link.keys, clock: telemetry.clock)
        queries = QueryServices(
            profiles: accounts.services.profiles, names: accounts.services.names, directory: rooms.directory,
            sharesPublicRooms: core.configuration.roomDirectory.servesFederation, name: ApusVersion.name,
            version: ApusVersion.number)
        history = RoomHistoryServices(history: ServedHistory(rooms: rooms.service))
        memberships = FederatedMembershipServices(
            resident: ResidentRooms(rooms: rooms.service, verifier: link.verifier),
            invites: IncomingInvites(
                rooms: rooms.service, accounts: core.stores.accounts, verifier: link.verifier),
            thirdParty: rooms.thirdParty)
        authenticator = HearingAuthenticator(
            verifier: RequestVerifier(
                serverName: core.server.name, keys: link.keys, clock: telemetry.clock, isAllowed: link.isAllowed),
            heard: link.heard)
        var inbound = InboundServices(
            rooms: rooms.service, staged: InboundEventStore(pool: core.pool), verifier: link.verifier,
            client: link.client,
            states: RemoteState(
                rooms: rooms.service, client: link.client, verifier: link.verifier, telemetry: telemetry),
            typing: sync.typing, receipts: sync.receipts, telemetry: telemetry)
        inbound.presence = sync.presence?.presence
        inbound.toDevice = toDevice.sending
        inbound.deviceLists = deviceLists.remote
        transactions = TransactionEndpointServices(receiver: TransactionReceiver(inbound))
        placing = DutyRunner(
            duty: InboundDuty(inbound, shardCount: core.installation.shardCount), worker: core.worker,
            leases: LeaseStore(pool: core.pool), timeouts: core.timeouts, telemetry: telemetry)
    }

    func endpoints(in environment: EndpointEnvironment) -> [ServedEndpoint] {
        ServedEndpoint.all(KeyEndpoints.all, with: keys, in: environment)
            + ServedEndpoint.all(QueryEndpoints.all, with: queries, in: environment)
            + ServedEndpoint.all(OpenIDEndpoints.all, with: openID, in: environment)
            + ServedEndpoint.all(FederatedKeyEndpoints.all, with: userKeys, in: environment)
            + deviceLists.endpoints(in: environment)
            + ServedEndpoint.all(RoomHistoryEndpoints.all, with: history, in: environment)
            + ServedEndpoint.all(FederatedMembershipEndpoints.all, with: memberships, in: environment)
            + ServedEndpoint.all(TransactionEndpoints.all, with: transactions, in: environment)
    }
}

/// Who has sent us something is up again: what waits for it may be sent.
private struct HearingAuthenticator: ServerAuthenticator {
    let verifier: RequestVerifier
    let heard: HeardServers

    func server(signing request: CallerRequest) async throws -> RemoteServer {
        let server = try await verifier.server(signing: request)
        await heard.heardFrom(server.serverName)
        return server
    }
}
