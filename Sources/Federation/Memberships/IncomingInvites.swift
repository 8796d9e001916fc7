import Cluster
package import FederationAPI
package import MatrixCore
package import Rooms
package import Storage
import Telemetry

/// Invites of our users by users of other servers.
package struct IncomingInvites: Sendable {
    private let rooms: RoomService
    private let accounts: AccountStore
    private let verifier: EventVerifier
    private let door: RoomDoor

    package init(rooms: RoomService, accounts: AccountStore, verifier: EventVerifier) {
        self.rooms = rooms
        self.accounts = accounts
        self.verifier = verifier
        door = RoomDoor(rooms: rooms)
    }

    private var reader: RoomReader { rooms.reader }

    /// Takes an invite for one of our users.
    ///
    /// The room, its version and its state are what the inviter says they are: nothing of them is kept but what the user is
    /// told. Where we are in the room ourselves only the signature is given: the invite comes once more, by a transaction; and the
    /// user need not be there yet, as with invites of our own.
    ///
    /// - Returns: the invite, signed by us. It is signed only because it is an invite of that user into that room.
    /// - Throws: 400 `M_INCOMPATIBLE_ROOM_VERSION`, 400 `M_INVALID_PARAM` or `M_BAD_JSON` for anything but an invite of a user
    ///   of ours; 403 `M_FORBIDDEN` for a sender of another server, a bad signature, or a server that the room's access list
    ///   keeps out; 403 `M_INVITE_BLOCKED` when the user takes no invites; 404 `M_NOT_FOUND` when there is no such user.
    package func accept(
        _ invite: Invite, roomID: RoomID, eventID: EventID?, from server: ServerName
    ) async throws -> Event {
        guard let version = RoomVersion(invite.roomVersion) else {
            throw MatrixError(
                .incompatibleRoomVersion, "This server does not have the room's version",
                fields: ["room_version": .string(invite.roomVersion)])
        }
        let event = try inviteEvent(invite.event, roomID, eventID, in: version, from: server)
        try StrippedRoomCheck(roomID: roomID, version: version).check(invite.strippedState)
        let known = try await reader.room(roomID)
        if let known, let now = try await reader.current(known) { try await door.admit(server, to: now) }
        let isHere =
            if let known { try await reader.memberships.isJoined(rooms.server.name, in: known.nid) } else { false }
        let user = try await invitee(of: event)
        guard isHere || user != nil else { throw MatrixError.notFound("There is no such user") }
        do { _ = try await verifier.check(event.json, in: version) } catch {
            throw MatrixError.forbidden(error.description)
        }
        let signed: Event
        do { signed = try event.signed(by: rooms.server.name, with: rooms.server.signingKey) } catch {
            throw MatrixError(error)
        }
        guard !isHere, let user else { return signed }
        let room = try await rooms.ensureRoom(roomID, version: nil)
        let at = try await reader.memberships.setOutOfBand(
            .invite, of: user, in: room.nid, by: EventNID(0),
            strippedState: StrippedState.kept(of: invite.strippedState, with: event),
            now: rooms.writing.telemetry.clock.nowMilliseconds)
        rooms.writing.feed.announce(.membership, at: at, room: room.nid, user: user.nid)
        return signed
    }

    /// The event, if it is an invite by a user of the server that sent it.
    private func inviteEvent(
        _ pdu: JSONView, _ roomID: RoomID, _ eventID: EventID?, in version: RoomVersion, from server: ServerName
    ) throws(MatrixError) -> Event {
        guard version.namesRoomByCreateEvent == !roomID.hasDomain else {
            throw .invalidParam("A room of that version has no such id")
        }
        let event = try PDUForm.event(pdu, roomID, eventID, in: version)
        guard event.type == EventType.member, event.isState, event.membership == .invite else {
            throw .invalidParam("The event is no invite")
        }
        guard event.sender.serverName == server else { throw .forbidden("The sender belongs to another server") }
        guard event.hasSignature(of: server) else { throw .forbidden("The invite is not signed by \(server)") }
        return event
    }

    /// - Returns: `nil` when there is no such user.
    private func invitee(of event: Event) async throws -> UserRecord? {
        guard let userID = event.memberUserID, rooms.server.owns(userID) else {
            throw MatrixError.invalidParam("The invited user does not belong to this server")
        }
        guard let user = try await reader.interning.knownUser(userID),
            let account = try await accounts.account(of: user.nid)
        else { return nil }
        try await rooms.invitePermissions.permit(event.sender, toInvite: userID, reader.interning)
        guard !account.isDeactivated else { throw MatrixError.forbidden("The user cannot be invited") }
        return user
    }
}

/// Whether what an invite tells of a room can be of that room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
struct StrippedRoomCheck: Sendable {
    let roomID: RoomID
    let version: RoomVersion

    /// Servers that do not send whole events yet are many: whoever sends stripped ones is believed as before. Of whole ones it
    /// is checked that they belong to the room, which for its create event since version 12 means that it names it.
    ///
    /// - Throws: 400 `M_INVALID_PARAM`.
    func check(_ state: [JSONView]) throws(MatrixError) {
        for pdu in state {
            let isCreate = pdu["type"]?.stringEquals(EventType.create) == true
            if isCreate, version.namesRoomByCreateEvent {
                guard pdu["hashes"] != nil else { continue }
                let create: Event
                do { create = try Event.receive(pdu, in: version).event } catch {
                    throw .invalidParam(error.description)
                }
                guard create.roomID == roomID else { throw .invalidParam("The create event is of another room") }
            } else if let claimed = pdu["room_id"] {
                guard claimed.stringEquals(roomID.description) else {
                    throw .invalidParam("The state is of another room")
                }
            }
        }
    }
}
