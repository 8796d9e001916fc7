import Accounts
import ClientEndpoints
import Cluster
import MatrixCore
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// Rooms and what is done in them.
struct RoomsPart: Sendable {
    let service: RoomService
    let endpoints: RoomEndpointServices

    init(_ core: HomeserverCore, accounts: AccountsPart) async throws {
        let reader = RoomReader(
            store: accounts.roomStore, eventStore: EventStore(pool: core.pool), interning: core.interning,
            memberships: MembershipStore(pool: core.pool))
        let serverNID = try await core.interning.server(core.server.name)
        let writing = RoomWriting(
            reader: reader, numbers: NumberBlocks(pool: core.pool), feed: core.feed, server: core.server,
            localServerNID: serverNID, notifications: SilentNotifications(), telemetry: core.telemetry)
        service = RoomService(writing: writing, remote: nil)
        _ = core.feed.observe { row in
            guard let room = row.roomNID else { return }
            for eventID in row.redacted { reader.events.forget(eventID, in: room) }
        }
        let directory = RoomDirectory(
            store: DirectoryStore(pool: core.pool), rooms: service, remote: nil)
        endpoints = RoomEndpointServices(
            rooms: service, profiles: LocalProfiles(profiles: accounts.services.profiles), aliases: directory,
            defaultVersion: RoomVersion(core.configuration.rooms.defaultVersion) ?? .default, clock: core.telemetry.clock,
            syncPosition: { token, shard in
                let decoded = try? SyncToken(
                    token, incarnation: core.installation.incarnation, shards: Int(core.installation.shardCount))
                return decoded?.log[shard]
            })
    }
}

/// Profiles of local users, for their member events.
struct LocalProfiles: MemberProfiles {
    let profiles: Profiles

    func profile(of user: UserRecord) async throws -> Rooms.MemberProfile {
        let profile = try await profiles.memberProfile(of: user)
        return Rooms.MemberProfile(displayName: profile.displayName, avatarURL: profile.avatarURL)
    }
}
