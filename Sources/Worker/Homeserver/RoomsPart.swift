import ClientEndpoints
import Cluster
import Directory
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

    init(_ core: HomeserverCore, notifications: any NotificationPolicy) async throws {
        let reader = RoomReader(
            store: core.stores.rooms, eventStore: EventStore(pool: core.pool), interning: core.interning,
            memberships: MembershipStore(pool: core.pool))
        let serverNID = try await core.interning.server(core.server.name)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: core.pool), feed: core.feed, server: core.server,
            localServerNID: serverNID, notifications: notifications, telemetry: core.telemetry)
        let installation = core.installation
        service = RoomService(writing: writing, profiles: core.stores.profiles, remote: nil) { token, shard in
            let decoded = try? SyncToken(
                token, incarnation: installation.incarnation, shards: Int(installation.shardCount))
            return decoded?.log[shard]
        }
        _ = core.feed.observe { row in
            guard let room = row.roomNID else { return }
            for eventID in row.redacted { reader.events.forget(eventID, in: room) }
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
