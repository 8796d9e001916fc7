import MatrixCore
import Rooms
import Storage

/// Lets users of other servers into rooms for the sake of other rooms that they are in.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms
struct RestrictedJoins: Sendable {
    static let authorisingKey = "join_authorised_via_users_server"
    /// Conditions that are looked at.
    private static let maxConditions = 100

    let rooms: RoomService

    private var reader: RoomReader { rooms.reader }

    /// Who of us stands for the user's join; `nil` when nobody has to, or when nothing could let the user in: then the rules
    /// say why.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the user is in none of the rooms, 400 `M_UNABLE_TO_AUTHORISE_JOIN` when we cannot
    ///   know that, 400 `M_UNABLE_TO_GRANT_JOIN` when nobody of us may invite.
    func authorise(_ user: UserID, in open: OpenRoom) async throws -> UserID? {
        guard try await isRestricted(open) else { return nil }
        switch try await open.now.membership(of: user) {
        case .join, .invite, .ban: return nil
        case .leave, .knock, nil: break
        }
        switch try await standing(of: user, in: open.now) {
        case .isIn: break
        case .isOut: throw MatrixError.forbidden("The user is in none of the rooms that would let them in")
        case .unknown:
            throw MatrixError(.unableToAuthoriseJoin, "This server is not in the rooms that would let the user in")
        }
        guard let inviter = try await rooms.localInviter(in: open.now) else {
            throw MatrixError(.unableToGrantJoin, "Nobody of this server may invite to the room")
        }
        return inviter
    }

    /// Whether a user of ours is in the room with enough power to invite.
    func mayInvite(_ user: UserID, in open: OpenRoom) async throws -> Bool {
        guard rooms.server.owns(user) else { return false }
        let state = try await open.now.events([.create, .powerLevels, .member(user)])
        guard state[.member(user)]?.event.membership == .join else { return false }
        let levels = AuthStateMap(state.values.map(\.event)).powerLevels(in: open.version)
        return levels.level(of: user) >= levels.required(.invite)
    }

    private func isRestricted(_ open: OpenRoom) async throws -> Bool {
        switch try await open.now.joinRule() {
        case "restricted": open.version.authorization.allowsRestrictedJoins
        case "knock_restricted": open.version.authorization.allowsKnockRestrictedJoins
        default: false
        }
    }

    private enum Standing { case isIn, isOut, unknown }

    /// Whether the user is in one of the rooms that would let them in, as far as we can tell.
    private func standing(of user: UserID, in now: RoomSnapshot) async throws -> Standing {
        guard let conditions = try await now.content(EventType.joinRules)?["allow"]?.array else { return .isOut }
        let known = try await reader.interning.knownUser(user)
        var standing = Standing.isOut
        for condition in conditions.prefix(Self.maxConditions)
        where condition["type"]?.stringEquals("m.room_membership") == true {
            guard let roomID = condition["room_id"]?.string.flatMap({ RoomID($0) }) else { continue }
            // What we know of a room that we are not in any more may long have changed.
            guard let room = try await reader.room(roomID),
                try await reader.memberships.isJoined(rooms.server.name, in: room.nid)
            else {
                standing = .unknown
                continue
            }
            if let known,
                try await reader.memberships.membership(of: known.nid, in: room.nid)?.record.membership == .join
            {
                return .isIn
            }
        }
        return standing
    }
}
