package import MatrixCore
package import Storage

/// Invites by local users.
extension RoomService {
    /// Invites somebody; the server of a remote user signs the invite before it is written.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, 403 `M_INVITE_BLOCKED` when the user wants no invites.
    package func invite(
        _ target: UserID, to roomID: RoomID, by user: UserRecord,
        details: MembershipDetails = MembershipDetails()
    ) async throws {
        let room = try await joinedRoom(roomID, as: user)
        var profile = MemberProfile()
        if server.owns(target), let known = try await reader.interning.knownUser(target) {
            profile = try await profiles.memberProfile(of: known.nid)
        }
        var content = profile.content(.invite)
        content.merge(details.content) { mine, _ in mine }
        let draft = try EventDraft(
            sender: user, type: EventType.member, stateKey: target.description, content: .object(content))
        _ = try await invite(draft, of: target, in: room)
    }

    /// Writes an invite as it is drafted.
    ///
    /// - Throws: what `invite(_:to:by:details:)` throws.
    package func invite(_ draft: EventDraft, of target: UserID, in room: RoomRecord) async throws -> EventID {
        if try await reader.current(room)?.membership(of: target) == .join {
            throw MatrixError(.forbidden, "\(target) is already in the room")
        }
        guard !server.owns(target) else {
            try await invitePermissions.permit(draft.sender.userID, toInvite: target, reader.interning)
            return try await send(draft, in: room)
        }
        guard let remote else { throw MatrixError(.forbidden, "this server does not federate") }
        let (event, state) = try await prepare(draft, in: room)
        let signed = try await remote.invite(event, state: state)
        switch try await write(.remote(signed), in: room) {
        case .written, .unchanged, .repeated: return signed.eventID
        case .rejected(let refusal), .softFailed(let refusal): throw MatrixError(.forbidden, refusal.reason)
        case .missing: throw MatrixError(.unknown, "the invite could not be placed in the room")
        }
    }
}
