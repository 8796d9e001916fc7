import Cluster
package import MatrixCore
package import Storage
import Telemetry

/// Getting into rooms: by the rules of the room, through this server where it can let the user in, through others where not.
extension RoomService {
    /// Joins, through other servers when nobody here can let the user in.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the user may not join, 403 `M_GUEST_ACCESS_FORBIDDEN` when only guests may not, 404
    ///   `M_NOT_FOUND` when no server knows the room.
    package func join(
        _ roomID: RoomID, as user: UserRecord, via servers: [ServerName] = [],
        details: MembershipDetails = MembershipDetails()
    ) async throws {
        try await enter(roomID, as: user, via: servers, details: details)
        await takeOverSettings(of: user, in: roomID)
    }

    private func enter(
        _ roomID: RoomID, as user: UserRecord, via servers: [ServerName], details: MembershipDetails
    ) async throws {
        var content = try await profiles.memberProfile(of: user.nid).content(.join)
        content.merge(details.content) { mine, _ in mine }
        let known = try await reader.room(roomID)
        if details.isGuest { try await admitGuest(to: known) }
        var candidates = servers
        if let known, let now = try await reader.current(known),
            try await reader.memberships.isJoined(server.name, in: known.nid)
        {
            switch try await RoomEntrance(room: now, service: self).way(of: user) {
            case .open: return try await change(.join, of: user.userID, by: user, in: known, content: content)
            case .authorised(let by):
                content[RoomEntrance.authorisingKey] = .string(by.description)
                return try await change(.join, of: user.userID, by: user, in: known, content: content)
            case .through(let others): candidates += others
            }
        }
        if let known { candidates += try await knownServers(of: known, to: user) }
        if let named = roomID.serverName { candidates.append(named) }
        candidates.removeAll { $0 == server.name }
        guard let remote, !candidates.isEmpty else {
            if let known, try await reader.current(known) != nil {
                // Here the rules say why not.
                return try await change(.join, of: user.userID, by: user, in: known, content: content)
            }
            throw MatrixError(.notFound, "no server is known that is in this room")
        }
        let document = try JSONDocument(parsing: JSONValue.object(content).canonicalBytes)
        try await remote.join(roomID, as: user, content: document.root, via: candidates)
    }

    /// Asks to be let in.
    package func knock(
        _ roomID: RoomID, as user: UserRecord, via servers: [ServerName],
        details: MembershipDetails = MembershipDetails()
    ) async throws {
        var content = try await profiles.memberProfile(of: user.nid).content(.knock)
        content.merge(details.content) { mine, _ in mine }
        let known = try await reader.room(roomID)
        if let known, try await reader.memberships.isJoined(server.name, in: known.nid) {
            return try await change(.knock, of: user.userID, by: user, in: known, content: content)
        }
        var candidates = servers
        if let named = roomID.serverName { candidates.append(named) }
        candidates.removeAll { $0 == server.name }
        guard let remote, !candidates.isEmpty else {
            throw MatrixError(.notFound, "no server is known that is in this room")
        }
        let document = try JSONDocument(parsing: JSONValue.object(content).canonicalBytes)
        try await remote.knock(roomID, as: user, content: document.root, via: candidates)
    }

    /// The server of whoever invited the user. Of a room that we are not in, those too of who else was told of with the
    /// invite or the knock.
    func knownServers(of room: RoomRecord, to user: UserRecord) async throws -> [ServerName] {
        guard let (record, stripped) = try await reader.memberships.membership(of: user.nid, in: room.nid),
            record.membership == .invite || record.membership == .knock
        else { return [] }
        if let stripped { return StrippedState.senders(of: stripped, tellingOf: user.userID).map(\.serverName) }
        let event = try await reader.events.event(record.eventNID, in: room)
        return event.map { [$0.event.sender.serverName] } ?? []
    }

    /// A local member with the power to invite.
    package func localInviter(in now: RoomSnapshot) async throws -> UserID? {
        let levels = try await now.powerLevels()
        let members = try await reader.memberships.joinedMembers(of: now.room.nid, on: writing.localServerNID)
        return try await reader.interning.users(members).values.map(\.userID)
            .filter { levels.level(of: $0) >= levels.required(.invite) }.min()
    }
}
