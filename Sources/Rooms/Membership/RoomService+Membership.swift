package import MatrixCore
package import Storage

/// Changes of memberships by local users.
extension RoomService {
    /// What a change of membership says besides whom and what.
    package struct MembershipDetails: Sendable {
        package var reason: String?
        /// Members of the content that the client sets itself, such as `is_direct`.
        package var extra: [String: JSONValue]
        /// Nobody registered the account: it comes only into rooms that let guests in.
        package var isGuest: Bool

        package init(reason: String? = nil, extra: [String: JSONValue] = [:], isGuest: Bool = false) {
            self.reason = reason
            self.extra = extra
            self.isGuest = isGuest
        }
    }

    // MARK: Others

    /// Removes somebody from the room, or takes their invite back.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the caller's power is too low or the target is not in the room.
    package func kick(_ target: UserID, from roomID: RoomID, by user: UserRecord, reason: String?) async throws {
        let room = try await joinedRoom(roomID, as: user)
        switch try await reader.current(room)?.membership(of: target) {
        case .join, .invite, .knock: break
        case .leave, .ban, nil: throw MatrixError(.forbidden, "\(target) is not in the room")
        }
        try await change(.leave, of: target, by: user, in: room, content: MembershipDetails(reason: reason).content)
    }

    package func ban(_ target: UserID, from roomID: RoomID, by user: UserRecord, reason: String?) async throws {
        let room = try await joinedRoom(roomID, as: user)
        try await change(.ban, of: target, by: user, in: room, content: MembershipDetails(reason: reason).content)
    }

    /// - Throws: 403 `M_FORBIDDEN` when the target is not banned.
    package func unban(_ target: UserID, from roomID: RoomID, by user: UserRecord, reason: String?) async throws {
        let room = try await joinedRoom(roomID, as: user)
        guard try await reader.current(room)?.membership(of: target) == .ban else {
            throw MatrixError(.forbidden, "\(target) is not banned")
        }
        try await change(.leave, of: target, by: user, in: room, content: MembershipDetails(reason: reason).content)
    }

    // MARK: Common

    func change(
        _ membership: Membership, of target: UserID, by user: UserRecord, in room: RoomRecord,
        content: [String: JSONValue]
    ) async throws {
        var content = content
        content["membership"] = .string(membership.rawValue)
        _ = try await send(
            try EventDraft(
                sender: user, type: EventType.member, stateKey: target.description, content: .object(content)),
            in: room)
    }
}

extension RoomService.MembershipDetails {
    var content: [String: JSONValue] {
        var content = extra
        if let reason { content["reason"] = .string(reason) }
        return content
    }

    func content(_ membership: Membership) -> [String: JSONValue] {
        var content = content
        content["membership"] = .string(membership.rawValue)
        return content
    }
}
