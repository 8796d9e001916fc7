import Cluster
import FederationAPI
package import MatrixCore
import Rooms
package import Storage
import Telemetry

/// Memberships in rooms that we are not in, besides joins.
extension FederatedRooms {
    /// Tells a server of the room that the user does not come. That the user's own lists forget the invite is for the caller,
    /// whether the room could be told or not.
    ///
    /// - Returns: the event by which the room was told.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#leaving-rooms-rejecting-invites
    package func leave(
        _ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]
    ) async throws -> Event {
        let draft = MembershipDraft(roomID: roomID, user: user.userID, membership: .leave, content: content)
        let known = try await knownVersion(of: roomID)
        return try await trials.first(of: others(servers)) { server in
            let event = try await make(draft, .leave, known: known, at: server)
            try await client.sendLeave(event, to: server)
            return event
        }
    }

    /// Asks a room's servers to be let in.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#knocking-rooms
    package func knock(
        _ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]
    ) async throws {
        let draft = MembershipDraft(roomID: roomID, user: user.userID, membership: .knock, content: content)
        let known = try await knownVersion(of: roomID)
        let (event, answer) = try await trials.first(of: others(servers)) { server in
            let event = try await make(draft, .knock, known: known, at: server)
            return (event, try await client.sendKnock(event, to: server))
        }
        // One server's word about the room's version is not enough to keep it; a join brings the create event.
        let room = try await rooms.ensureRoom(roomID, version: nil)
        let at = try await rooms.reader.memberships.setOutOfBand(
            .knock, of: user, in: room.nid, by: EventNID(0),
            strippedState: StrippedState.kept(of: answer.strippedState, with: event),
            now: telemetry.clock.nowMilliseconds)
        rooms.writing.feed.announce(.membership, at: at, room: room.nid, user: user.nid)
    }
}
