import Accounts
import ClientEndpoints
import Cluster
import MatrixCore
import Rooms
import Search
import Storage

/// Searching messages and people.
struct SearchPart: Sendable {
    private let messages: SearchStore
    private let users: UserDirectoryStore
    private let rooms: RoomService
    let endpoints: SearchServices

    init(_ core: HomeserverCore, rooms: RoomsPart) {
        self.rooms = rooms.service
        messages = SearchStore(pool: core.pool)
        users = UserDirectoryStore(pool: core.pool)
        endpoints = SearchServices(
            messages: MessageSearch(store: messages, rooms: rooms.service),
            users: UserDirectory(store: users, rooms: rooms.service))
    }

    /// Keeps the indexes, and shows profiles in rooms, as this worker's share of that work.
    func duties(_ core: HomeserverCore) -> [DutyRunner] {
        let duties: [any Duty] = [
            MessageIndexDuty(store: messages, feed: core.feed, telemetry: core.telemetry),
            UserDirectoryDuty(store: users, rooms: rooms, feed: core.feed),
            ProfilePropagation(
                profiles: core.stores.profiles, memberships: rooms.reader.memberships, interning: core.interning,
                rooms: ProfilesInRooms(rooms: rooms), feed: core.feed, telemetry: core.telemetry),
        ]
        return duties.map { duty in
            DutyRunner(
                duty: duty, worker: core.worker, leases: LeaseStore(pool: core.pool), timeouts: core.timeouts,
                telemetry: core.telemetry)
        }
    }
}

/// Carries profiles into the member events of rooms.
private struct ProfilesInRooms: RoomProfiles {
    let rooms: RoomService

    func showProfile(_ profile: MemberProfile, of user: UserRecord, in room: RoomNID) async throws {
        try await rooms.showProfile(profile, of: user, in: room)
    }
}
