package import Cluster
package import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// Shows a profile in rooms. Owned here, because rooms know nothing of accounts.
package protocol RoomProfiles: Sendable {
    /// Says a user's name and avatar in a room that they are in, unless it shows them already.
    func showProfile(_ profile: MemberProfile, of user: UserRecord, in room: RoomNID) async throws
}

/// Brings changes of names and pictures into the member events of all rooms of their users.
///
/// A change waits in the database together with the room up to which it has come, so nothing of it is lost with a worker: the
/// next one goes on from there, and a room that shows it already is left as it is. Whoever changed a profile was answered
/// long before.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#events-on-change-of-profile-information
package final class ProfilePropagation: Duty {
    /// Users that are worked on at the same time, for each slot; the rooms of one come one after the other.
    private static let maxUsersAtOnce = 4
    /// Rooms after which it is noted how far it has come.
    private static let roomsAtOnce = 50
    private static let pauseAfterFailure = Duration.seconds(5)

    package let name = "profiles"
    package let slotCount = 4

    private let profiles: ProfileStore
    private let memberships: MembershipStore
    private let interning: Interning
    private let rooms: any RoomProfiles
    private let shardCount: Int16
    private let telemetry: Telemetry
    /// Each rings when a user of its slot has changed something.
    private let alarms: [Alarm]

    package init(
        profiles: ProfileStore, memberships: MembershipStore, interning: Interning, rooms: any RoomProfiles,
        feed: LogFeed, telemetry: Telemetry
    ) {
        self.profiles = profiles
        self.memberships = memberships
        self.interning = interning
        self.rooms = rooms
        self.telemetry = telemetry.labelled("profiles")
        shardCount = feed.installation.shardCount
        let alarms = (0..<slotCount).map { _ in Alarm(clock: telemetry.clock) }
        self.alarms = alarms
        _ = feed.observe { row in
            if row.kind == .profile { alarms[Int(row.shard) % alarms.count].ring() }
        }
    }

    package func run(_ lease: DutyLease) async throws {
        let shards = (0..<shardCount).filter { Int($0) % slotCount == lease.slot }
        while !Task.isCancelled {
            // What comes from here on rings.
            var last: UserNID?
            var hasFailed = false
            repeat {
                let some = try await profiles.pending(of: shards, after: last, limit: Self.maxUsersAtOnce)
                last = some.count == Self.maxUsersAtOnce ? some.last?.userNID : nil
                let failures = await withTaskGroup(of: Bool.self) { group in
                    for profile in some { group.addTask { await !self.propagate(profile, while: lease) } }
                    return await group.reduce(false) { $0 || $1 }
                }
                hasFailed = hasFailed || failures
            } while last != nil && !Task.isCancelled
            let alarm = alarms[lease.slot]
            if hasFailed { alarm.set(at: telemetry.clock.monotonic + Self.pauseAfterFailure) }
            await alarm.wait()
        }
    }

    /// - Returns: false when it has to be tried again.
    private func propagate(_ pending: PendingProfile, while lease: DutyLease) async -> Bool {
        do {
            let user = try await interning.user(pending.userNID)
            let profile = try await profiles.memberProfile(of: user.nid)
            var room = pending.shownUpTo
            while lease.isHeld {
                try Task.checkCancellation()
                let some = try await memberships.rooms(joinedBy: user.nid, after: room, limit: Self.roomsAtOnce)
                for room in some { try await rooms.showProfile(profile, of: user, in: room) }
                guard let last = some.last else {
                    try await profiles.finish(pending)
                    return true
                }
                room = last
                // Changed again: that change begins with the first room.
                guard try await profiles.note(pending, shownUpTo: room) else { return false }
            }
            return true
        } catch {
            if !Task.isCancelled {
                telemetry.log.warning("a profile did not reach all rooms yet", [.cause: "\(error)"])
            }
            return false
        }
    }
}
