package import FederationAPI
package import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// Invites of people whose address is known and whose Matrix user is not.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#third-party-invites
package struct ThirdPartyInvites: Sendable {
    private static let keys: [StateKey] = [
        .create, StateKey(EventType.canonicalAlias), StateKey(EventType.avatar), StateKey(EventType.joinRules),
        StateKey(EventType.name),
    ]

    let rooms: RoomService
    let identity: IdentityServerClient
    /// `nil` in a server without federation.
    let client: FederationClient?
    let log: Log

    package init(
        rooms: RoomService, identity: IdentityServerClient, client: FederationClient?, telemetry: Telemetry
    ) {
        self.rooms = rooms
        self.identity = identity
        self.client = client
        log = telemetry.log.labelled("third-party invites")
    }

    /// Where an address is looked up, and with which token.
    package struct Directory: Sendable {
        package let server: ServerName
        package let token: String

        package init(server: ServerName, token: String) {
            self.server = server
            self.token = token
        }
    }

    /// Invites whoever has an address: at once when it is bound to a user, else by an offer that waits for whoever proves to
    /// have it.
    ///
    /// - Throws: 403 `M_FORBIDDEN`, and what the identity server's answer comes to.
    package func invite(
        _ address: ThirdPartyAddress, to roomID: RoomID, by user: UserRecord, through directory: Directory,
        details: RoomService.MembershipDetails = RoomService.MembershipDetails()
    ) async throws {
        let room = try await rooms.joinedRoom(roomID, as: user)
        guard let now = try await rooms.reader.current(room) else { throw MatrixError.unknownRoom }
        // No address is told to anybody for the sake of somebody who may not invite.
        let levels = try await now.powerLevels()
        guard levels.level(of: user.userID) >= levels.required(.invite) else {
            throw MatrixError.forbidden("You may not invite to this room")
        }
        if let known = try await identity.user(of: address, at: directory.server, token: directory.token) {
            return try await rooms.invite(known, to: roomID, by: user, details: details)
        }
        let stored = try await identity.store(
            address, details: try await self.details(of: now, for: user), at: directory.server,
            token: directory.token)
        _ = try await rooms.send(
            try EventDraft(
                sender: user, type: EventType.thirdPartyInvite, stateKey: stored.token, content: stored.content),
            in: room)
    }

    /// What the mail of the identity server says of the room and of who invites.
    private func details(of now: RoomSnapshot, for user: UserRecord) async throws -> [String: JSONValue] {
        let state = try await now.events(Self.keys + [.member(user.userID)])
        func text(_ key: StateKey, _ member: String) -> JSONValue? {
            state[key]?.event.content[member]?.string.map { .string($0) }
        }
        var details: [String: JSONValue] = [
            "room_id": .string(now.room.roomID.description), "sender": .string(user.userID.description),
        ]
        details["room_alias"] = text(StateKey(EventType.canonicalAlias), "alias")
        details["room_avatar_url"] = text(StateKey(EventType.avatar), "url")
        details["room_join_rules"] = text(StateKey(EventType.joinRules), "join_rule")
        details["room_name"] = text(StateKey(EventType.name), "name")
        details["room_type"] = text(.create, "type")
        details["sender_display_name"] = text(.member(user.userID), "displayname")
        details["sender_avatar_url"] = text(.member(user.userID), "avatar_url")
        return details
    }
}
