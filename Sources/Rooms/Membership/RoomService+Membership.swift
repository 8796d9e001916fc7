import Cluster
package import MatrixCore
package import Storage
import Telemetry

/// Changes of memberships by local users.
extension RoomService {
    /// What a change of membership says besides whom and what.
    package struct MembershipDetails: Sendable {
        package var reason: String?
        /// Members of the content that the client sets itself, such as `is_direct`.
        package var extra: [String: JSONValue]

        package init(reason: String? = nil, extra: [String: JSONValue] = [:]) {
            self.reason = reason
            self.extra = extra
        }
    }

    // MARK: Oneself

    /// Joins, through other servers when nobody here can let the user in.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the user may not join, 404 `M_NOT_FOUND` when no server knows the room.
    package func join(
        _ roomID: RoomID, as user: UserRecord, via servers: [ServerName] = [],
        details: MembershipDetails = MembershipDetails()
    ) async throws {
        var content = try await profiles.memberProfile(of: user.nid).content(.join)
        content.merge(details.content) { mine, _ in mine }
        if let room = try await reader.room(roomID), let now = try await reader.current(room),
            try await reader.memberships.isJoined(server.name, in: room.nid)
        {
            if let authorising = try await authorisingUser(for: user, in: now) {
                content["join_authorised_via_users_server"] = .string(authorising.description)
            }
            if try await canJoinHere(user, now, content) {
                return try await change(.join, of: user.userID, by: user, in: room, content: content)
            }
        }
        let known = try await reader.room(roomID)
        var candidates = servers
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
            guard isHere else { return try await leaveOutOfBand(room, user) }
            return try await change(.leave, of: user.userID, by: user, in: room, content: details.content)
        }
        let content = try JSONDocument(parsing: JSONValue.object(details.content(.leave)).canonicalBytes)
        let servers = try await knownServers(of: room, to: user) + (roomID.serverName.map { [$0] } ?? [])
        do { try await remote?.leave(roomID, as: user, content: content.root, via: servers) } catch {
            // Whoever cannot reach the room's servers still gets rid of the invite.
            writing.telemetry.log.warning("invite refused here only", [.roomID: "\(roomID)", .cause: "\(error)"])
        }
        try await leaveOutOfBand(room, user)
    }

    private func leaveOutOfBand(_ room: RoomRecord, _ user: UserRecord) async throws {
        let at = try await reader.memberships.setOutOfBand(
            .leave, of: user, in: room.nid, by: EventNID(0), strippedState: nil, now: now)
        announceOutOfBand(at, user, room)
    }

    func announceOutOfBand(_ at: LogPosition, _ user: UserRecord, _ room: RoomRecord) {
        writing.feed.announce(
            LogRow(shard: at.shard, position: at.position, kind: .membership, roomNID: room.nid, userNID: user.nid),
            previous: at.previous)
    }

    /// Asks to be let in.
    package func knock(
        _ roomID: RoomID, as user: UserRecord, via servers: [ServerName],
        details: MembershipDetails = MembershipDetails()
    ) async throws {
        var content = try await profiles.memberProfile(of: user.nid).content(.knock)
        content.merge(details.content) { mine, _ in mine }
        if let room = try await reader.room(roomID), try await reader.memberships.isJoined(server.name, in: room.nid) {
            return try await change(.knock, of: user.userID, by: user, in: room, content: content)
        }
        let candidates = servers.filter { $0 != server.name }
        guard let remote, !candidates.isEmpty else {
            throw MatrixError(.notFound, "no server is known that is in this room")
        }
        let document = try JSONDocument(parsing: JSONValue.object(content).canonicalBytes)
        try await remote.knock(roomID, as: user, content: document.root, via: candidates)
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
        if let at = try await reader.memberships.forget(room.nid, user: user, now: now) {
            announceOutOfBand(at, user, room)
        }
    }

    // MARK: Others

    /// Invites somebody; the server of a remote user signs the invite before it is written.
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
        if let membership = try await reader.current(room)?.membership(of: target), membership == .join {
            throw MatrixError(.forbidden, "\(target) is already in the room")
        }
        guard !server.owns(target) else {
            return try await change(.invite, of: target, by: user, in: room, content: content)
        }
        guard let remote else { throw MatrixError(.forbidden, "this server does not federate") }
        let draft = try EventDraft(
            sender: user, type: EventType.member, stateKey: target.description, content: .object(content))
        let (event, state) = try await prepare(draft, in: room)
        let signed = try await remote.invite(event, state: state)
        switch try await write(.remote(signed), in: room) {
        case .written, .unchanged, .repeated: return
        case .rejected(let refusal), .softFailed(let refusal): throw MatrixError(.forbidden, refusal.reason)
        case .missing: throw MatrixError(.unknown, "the invite could not be placed in the room")
        }
    }

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

    private func change(
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

    /// The server of whoever invited the user. Of a room that we are not in, those too of who else was told of with the
    /// invite or the knock.
    private func knownServers(of room: RoomRecord, to user: UserRecord) async throws -> [ServerName] {
        guard let (record, stripped) = try await reader.memberships.membership(of: user.nid, in: room.nid),
            record.membership == .invite || record.membership == .knock
        else { return [] }
        if let stripped { return StrippedState.senders(of: stripped, tellingOf: user.userID).map(\.serverName) }
        let event = try await reader.events.event(record.eventNID, in: room)
        return event.map { [$0.event.sender.serverName] } ?? []
    }

    /// A local member who may invite, when the user may join by being in another room.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
    private func authorisingUser(for user: UserRecord, in now: RoomSnapshot) async throws -> UserID? {
        let rule = try await now.joinRule()
        guard rule == "restricted" || rule == "knock_restricted" else { return nil }
        switch try await now.membership(of: user.userID) {
        case .join, .invite: return nil
        default: break
        }
        guard try await isInAllowedRoom(user, now) else { return nil }
        return try await localInviter(in: now)
    }

    private func isInAllowedRoom(_ user: UserRecord, _ now: RoomSnapshot) async throws -> Bool {
        guard let allow = try await now.content(EventType.joinRules)?["allow"]?.array else { return false }
        for condition in allow.prefix(Self.maxAllowedRooms)
        where condition["type"]?.stringEquals("m.room_membership") == true {
            guard let id = condition["room_id"]?.string.flatMap({ RoomID($0) }), let other = try await reader.room(id),
                let (record, _) = try await reader.memberships.membership(of: user.nid, in: other.nid)
            else { continue }
            if record.membership == .join { return true }
        }
        return false
    }

    /// Conditions of a restricted room that are looked at.
    private static var maxAllowedRooms: Int { 100 }

    /// A local member with the power to invite.
    package func localInviter(in now: RoomSnapshot) async throws -> UserID? {
        let levels = try await now.powerLevels()
        let members = try await reader.memberships.joinedMembers(of: now.room.nid, on: writing.localServerNID)
        return try await reader.interning.users(members).values.map(\.userID)
            .filter { levels.level(of: $0) >= levels.required(.invite) }.min()
    }

    /// Whether the rules let the user in with what this server can say.
    private func canJoinHere(_ user: UserRecord, _ now: RoomSnapshot, _ content: [String: JSONValue]) async throws
        -> Bool
    {
        switch try await now.membership(of: user.userID) {
        case .join, .invite: return true
        case .ban: return true  // The rules refuse it, and say why.
        case .leave, .knock, nil: break
        }
        let rule = try await now.joinRule()
        guard rule == "restricted" || rule == "knock_restricted" else { return true }
        return content["join_authorised_via_users_server"] != nil
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
