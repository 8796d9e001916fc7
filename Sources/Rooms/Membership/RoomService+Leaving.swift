import Cluster
package import MatrixCore
package import Storage
import Telemetry

/// Going, and forgetting that one was there.
extension RoomService {
    /// Leaves a room, refuses an invite, or takes a knock back. Nothing happens to who is not in the room any more.
    package func leave(
        _ roomID: RoomID, as user: UserRecord, details: MembershipDetails = MembershipDetails()
    ) async throws {
        guard let room = try await reader.room(roomID),
            let (record, _) = try await reader.memberships.membership(of: user.nid, in: room.nid)
        else { throw MatrixError.unknownRoom }
        if record.membership == .leave { return }
        guard record.membership != .ban else { throw MatrixError(.forbidden, "you are banned from this room") }
        let isHere = try await reader.memberships.isJoined(server.name, in: room.nid)
        if isHere || remote == nil {
            guard isHere else { return try await leaveOutOfBand(room, user, by: nil) }
            return try await change(.leave, of: user.userID, by: user, in: room, content: details.content)
        }
        let content = try JSONDocument(parsing: JSONValue.object(details.content(.leave)).canonicalBytes)
        let servers = try await knownServers(of: room, to: user) + (roomID.serverName.map { [$0] } ?? [])
        var event: Event?
        do { event = try await remote?.leave(roomID, as: user, content: content.root, via: servers) } catch {
            // Whoever cannot reach the room's servers still gets rid of the invite.
            writing.telemetry.log.warning("invite refused here only", [.roomID: "\(roomID)", .cause: "\(error)"])
        }
        try await leaveOutOfBand(room, user, by: event)
    }

    /// - Parameter event: by which the room was told, if it could be.
    private func leaveOutOfBand(_ room: RoomRecord, _ user: UserRecord, by event: Event?) async throws {
        let at = try await reader.memberships.setOutOfBand(
            .leave, of: user, in: room.nid, by: EventNID(0), strippedState: event.map(OutsideDeparture.kept), now: now)
        writing.feed.announce(.membership, at: at, room: room.nid, user: user.nid)
        if writing.forgetsOnLeave { try await writing.forget(room, by: user) }
    }

    /// Ends an invite to a room that we are not in, or a ban from it, as an event of the room says.
    ///
    /// - Parameters:
    ///   - standing: the invite as it was read.
    ///   - event: by which it ends. Whoever calls has made sure that it may.
    /// - Returns: whether the invite was still there.
    package func end(
        _ standing: MembershipRecord, of user: UserRecord, in room: RoomRecord, by event: Event
    ) async throws -> Bool {
        guard let membership = event.membership else { return false }
        let at = try await reader.memberships.endOutOfBand(
            standing, as: membership, of: user, kept: OutsideDeparture.kept(event), now: now)
        guard let at else { return false }
        writing.feed.announce(.membership, at: at, room: room.nid, user: user.nid)
        if writing.forgetsOnLeave { try await writing.forget(room, by: user) }
        return true
    }

    /// Takes a room that was left out of the user's lists.
    ///
    /// - Throws: 400 `M_UNKNOWN` while the user is in the room.
    package func forget(_ roomID: RoomID, as user: UserRecord) async throws {
        guard let room = try await reader.room(roomID),
            let (record, _) = try await reader.memberships.membership(of: user.nid, in: room.nid)
        else { throw MatrixError(.unknown, "you were never in this room", status: 400) }
        guard record.membership == .leave || record.membership == .ban else {
            throw MatrixError(.unknown, "you are still in this room", status: 400)
        }
        try await writing.forget(room, by: user)
    }
}

extension RoomWriting {
    /// Takes a room that was left out of the user's lists; nothing when it was forgotten before, or is not left any more.
    func forget(_ room: RoomRecord, by user: UserRecord) async throws {
        guard let at = try await reader.memberships.forget(room.nid, user: user, now: now) else { return }
        feed.announce(.membership, at: at, room: room.nid, user: user.nid)
    }

    /// The same for those of our users whom an append has taken out of a room, where leaving is forgetting.
    func forget(_ room: RoomRecord, after changes: [MembershipChange]) async {
        for change in changes
        where change.serverNID == localServerNID && (change.membership == .leave || change.membership == .ban) {
            do { try await forget(room, by: try await reader.interning.user(change.userNID)) } catch {
                telemetry.log.warning("a room was not forgotten", [.roomID: "\(room.roomID)", .cause: "\(error)"])
            }
        }
    }
}
