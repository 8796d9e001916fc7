import MatrixCore
import Storage

/// How somebody of ours gets into a room that this server is in.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
struct RoomEntrance: Sendable {
    enum Way: Sendable {
        /// The rules let the user in, or refuse it and say why: nobody else has to be asked.
        case open
        /// The user is in a room that opens this one, and somebody of ours can vouch for it.
        case authorised(by: UserID)
        /// Perhaps others can: servers with members who may invite.
        case through([ServerName])
    }

    static let authorisingKey = "join_authorised_via_users_server"
    /// Conditions of a restricted room that are looked at.
    private static let maxConditions = 100
    /// Servers that are named as those that may let somebody in.
    private static let maxServers = 20

    let room: RoomSnapshot
    let service: RoomService

    private var reader: RoomReader { service.reader }

    func way(of user: UserRecord) async throws -> Way {
        guard try await isRestricted() else { return .open }
        switch try await room.membership(of: user.userID) {
        case .join, .invite, .ban: return .open
        case .leave, .knock, nil: break
        }
        if try await isInAllowedRoom(user), let inviter = try await service.localInviter(in: room) {
            return .authorised(by: inviter)
        }
        return .through(try await invitingServers())
    }

    private func isRestricted() async throws -> Bool {
        guard let version = RoomVersion(room.room.version) else { throw StorageError.corrupt("rooms.version") }
        return switch try await room.joinRule() {
        case "restricted": version.authorization.allowsRestrictedJoins
        case "knock_restricted": version.authorization.allowsKnockRestrictedJoins
        default: false
        }
    }

    private func isInAllowedRoom(_ user: UserRecord) async throws -> Bool {
        guard let allow = try await room.content(EventType.joinRules)?["allow"]?.array else { return false }
        for condition in allow.prefix(Self.maxConditions)
        where condition["type"]?.stringEquals("m.room_membership") == true {
            guard let id = condition["room_id"]?.string.flatMap({ RoomID($0) }), let other = try await reader.room(id),
                let (record, _) = try await reader.memberships.membership(of: user.nid, in: other.nid)
            else { continue }
            if record.membership == .join { return true }
        }
        return false
    }

    /// Other servers with a joined member who may invite, as far as the power levels name them.
    private func invitingServers() async throws -> [ServerName] {
        let levels = try await room.powerLevels()
        let named = try await room.content(EventType.powerLevels)?["users"]?.object?.compactMap { UserID($0.key) } ?? []
        let creator = try await room.event(EventType.create)?.event
        let more = creator?.content["additional_creators"]?.array?.compactMap { $0.string.flatMap { UserID($0) } } ?? []
        var seen: Set<UserID> = []
        let able = ((creator.map { [$0.sender] } ?? []) + more + named).filter {
            seen.insert($0).inserted && levels.level(of: $0) >= levels.required(.invite)
                && !service.server.owns($0)
        }
        let members = try await room.events(able.prefix(Self.maxServers * 4).map { .member($0) })
        var servers: [ServerName] = []
        for user in able where members[.member(user)]?.event.membership == .join {
            if !servers.contains(user.serverName) { servers.append(user.serverName) }
        }
        return Array(servers.prefix(Self.maxServers))
    }
}
