import Cluster
import Encryption
import Federation
import FederationEndpoints
import HTTPAPI
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// Lists of devices, as servers tell them each other.
struct DeviceListsPart: Sendable {
    /// Of this server's users.
    let own: OwnDeviceLists
    /// Of other servers' users.
    let remote: RemoteDeviceLists
    private let ownStore: OwnDeviceStore
    private let remoteStore: RemoteDeviceStore

    /// - Parameter federation: `nil` where there is none.
    init(_ core: HomeserverCore, rooms: RoomsPart, federation: FederationLink?) {
        ownStore = OwnDeviceStore(pool: core.pool)
        own = OwnDeviceLists(
            store: ownStore, keys: DeviceKeyStore(pool: core.pool), interning: core.interning,
            serverName: core.server.name, namesDevices: core.configuration.federation.sharesDeviceNames)
        remoteStore = RemoteDeviceStore(pool: core.pool, own: rooms.service.writing.localServerNID)
        remote = RemoteDeviceLists(
            store: remoteStore, interning: core.interning, feed: core.feed, clock: core.telemetry.clock,
            source: federation.map { FederatedDeviceLists(client: $0.client) })
    }

    /// Fetches lists, as this worker's share of that work.
    func resyncing(_ core: HomeserverCore, link: FederationLink) -> DutyRunner {
        DutyRunner(
            duty: DeviceResyncDuty(
                remote, store: remoteStore, source: FederatedDeviceLists(client: link.client),
                shardCount: core.installation.shardCount, telemetry: core.telemetry),
            worker: core.worker, leases: LeaseStore(pool: core.pool), timeouts: core.timeouts,
            telemetry: core.telemetry)
    }

    /// What other servers are told.
    func outgoing(_ services: SenderServices, joined: JoinedRooms) -> DeviceListMessages {
        DeviceListMessages(services, lists: own, store: ownStore, joined: joined)
    }

    /// What servers are told that begin to share a room with somebody.
    func introductions(_ services: SenderServices) -> DeviceIntroductions {
        DeviceIntroductions(lists: own, store: ownStore, own: services.rooms.writing.localServerNID)
    }

    func endpoints(in environment: EndpointEnvironment) -> [ServedEndpoint] {
        ServedEndpoint.all(DeviceListEndpoints.all, with: own, in: environment)
    }
}
