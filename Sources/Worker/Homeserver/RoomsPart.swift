import ClientEndpoints
import Cluster
import Directory
import Federation
import MatrixCore
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// Rooms and what is done in them.
struct RoomsPart: Sendable {
    let service: RoomService
    let directory: RoomDirectory
    let endpoints: RoomEndpointServices

    init(_ core: HomeserverCore, notifications: any NotificationPolicy, federation: FederationLink?) async throws {
        let reader = RoomReader(
            store: core.stores.rooms, eventStore: EventStore(pool: core.pool), interning: core.interning,
            memberships: MembershipStore(pool: core.pool), feed: core.feed)
        let serverNID = try await core.interning.server(core.server.name)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: core.pool), feed: core.feed, server: core.server,
            localServerNID: serverNID, notifications: notifications, telemetry: core.telemetry)
        let installation = core.installation
        let local = RoomService(writing: writing, profiles: core.stores.profiles, remote: nil) { token, shard in
            let decoded = try? SyncToken(
                token, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            return decoded?.log[shard]
        }
        service =
            if let federation {
                local.reaching(
                    FederatedRooms(
                        rooms: local, client: federation.client, verifier: federation.verifier, keys: federation.keys,
                        telemetry: core.telemetry))
            } else {
                local
            }
        directory = RoomDirectory(
            store: DirectoryStore(pool: core.pool), rooms: service,
            policy: DirectoryPolicy(core.configuration.roomDirectory.publish))
        endpoints = RoomEndpointServices(
            rooms: service, aliases: directory,
            defaultVersion: RoomVersion(core.configuration.rooms.defaultVersion) ?? .default)
    }
}

extension DirectoryPolicy {
    fileprivate init(_ publisher: ServerConfiguration.RoomDirectory.Publisher) {
        switch publisher {
        case .everyone: self = .everyone
        case .administrators: self = .administrators
        case .nobody: self = .nobody
        }
    }
}
