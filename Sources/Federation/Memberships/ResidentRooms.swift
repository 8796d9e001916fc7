package import FederationAPI
package import MatrixCore
package import Rooms
import Storage

/// Rooms that we are in, for servers whose users want in or out of them.
///
/// What another server sends is an event of one of its own users about that user and nothing else, checked field by field
/// before anything is believed or signed. It is written only if the rules let it be part of the room here and now; otherwise
/// nothing of it is kept.
package struct ResidentRooms: Sendable {
    let rooms: RoomService
    let verifier: EventVerifier
    let door: RoomDoor
    let chains: AuthChains

    package init(rooms: RoomService, verifier: EventVerifier) {
        self.rooms = rooms
        self.verifier = verifier
        door = RoomDoor(rooms: rooms)
        chains = AuthChains(reader: rooms.reader)
    }

    // MARK: Drafts

    /// A draft of the event by which a user of the server joins, leaves or knocks.
    ///
    /// - Parameter versions: room versions that the server has; not asked for leaving.
    /// - Throws: 403 `M_FORBIDDEN` for somebody else's user, or when the rules would refuse the event; 404 `M_NOT_FOUND`
    ///   when we are not in the room; 400 `M_INCOMPATIBLE_ROOM_VERSION`; and what `RestrictedJoins` says.
    package func draft(
        _ membership: Membership, of user: UserID, in roomID: RoomID, versions: [String]?, for server: ServerName
    ) async throws -> MembershipTemplate.Response {
        guard user.serverName == server else { throw MatrixError.forbidden("The user belongs to another server") }
        let open = try await door.resident(roomID, for: server)
        if let versions, !versions.contains(open.version.identifier) {
            throw MatrixError(
                .incompatibleRoomVersion, "The room has a version that the server does not have",
                fields: ["room_version": .string(open.version.identifier)])
        }
        var content: [String: JSONValue] = ["membership": .string(membership.rawValue)]
        if membership == .join, let authorising = try await RestrictedJoins(rooms: rooms).authorise(user, in: open) {
            content[RestrictedJoins.authorisingKey] = .string(authorising.description)
        }
        let template = try await rooms.template(ofMembershipOf: user, content: .object(content), in: open.room)
        guard case .object(var event) = template else { throw MatrixError.internalError }
        event["origin"] = .string(rooms.server.name.description)
        return MembershipTemplate.Response(roomVersion: open.version.identifier, event: .object(event))
    }

    // MARK: Events

    /// Takes a user of the server into a room.
    ///
    /// - Returns: the room as it was before, for the server to begin with.
    package func join(_ request: MembershipRequest, from server: ServerName) async throws -> SplicedEvents {
        let open = try await door.resident(request.roomID, for: server)
        let servers = try await rooms.reader.memberships.joinedServers(of: open.room.nid)
        let join = try await admit(request, in: open, from: server)
        guard let before = join.stored.stateBefore else { throw MatrixError.internalError }
        let state = try await rooms.reader.tree(of: open.room, at: before).entries().map(\.event).sorted()
        let chain = try await chains.chain(of: state + [join.nid], in: open.room)
        let head = JSONWriter.write { json in
            json.object { json in
                json.field("event", raw: join.event.bytes)
                json.field("members_omitted", false)
                json.field("origin", rooms.server.name)
                json.field("servers_in_room", strings: servers.map(\.description))
            }
        }
        return SplicedEvents(
            reader: rooms.reader, room: open.room,
            pieces: [
                .json(head.dropLast() + Array(#","state":"#.utf8)), .events(state),
                .json(Array(#","auth_chain":"#.utf8)), .events(chain), .json(Array("}".utf8)),
            ])
    }

    /// Takes a user of the server out of a room, or an invite or a knock back.
    package func leave(_ request: MembershipRequest, from server: ServerName) async throws {
        let open = try await door.resident(request.roomID, for: server)
        _ = try await admit(request, in: open, from: server)
    }

    /// Lets a user of the server knock at a room.
    ///
    /// - Returns: what those outside are told of the room: whole events.
    package func knock(_ request: MembershipRequest, from server: ServerName) async throws -> [Event] {
        let open = try await door.resident(request.roomID, for: server)
        _ = try await admit(request, in: open, from: server)
        return try await rooms.outsideState(of: open.now)
    }

    private func admit(
        _ request: MembershipRequest, in open: OpenRoom, from server: ServerName
    ) async throws -> RoomEvent {
        let claimed = try request.event(in: open.version, from: server)
        let event = try await verified(try await cosigned(claimed, in: open), in: open.version)
        let result = try await rooms.write(.remote(event, RemoteEventOptions(isRelayed: true)), in: open.room)
        switch result {
        case .written(let events), .unchanged(let events):
            // A repetition is answered as the first time, unless that came to nothing.
            guard let event = events.last, event.stored.flags.isShown else {
                throw MatrixError.forbidden("The event was refused")
            }
            return event
        case .rejected(let refusal), .softFailed(let refusal): throw MatrixError.forbidden(refusal.reason)
        case .missing: throw MatrixError.invalidParam("The event cites events that are not known here")
        case .repeated: throw MatrixError.internalError
        }
    }

    /// Adds our signature to a join that one of our users stands for. Nothing but such a join gets here, and it leaves us only
    /// when the sender's own signature is good and the room has taken it.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms
    private func cosigned(_ event: Event, in open: OpenRoom) async throws -> Event {
        guard event.authorisingServer == rooms.server.name,
            let authorising = event.content[RestrictedJoins.authorisingKey]?.string.flatMap({ UserID($0) })
        else { return event }
        let restricted = RestrictedJoins(rooms: rooms)
        _ = try await restricted.authorise(event.sender, in: open)
        guard try await restricted.mayInvite(authorising, in: open) else {
            throw MatrixError(.unableToGrantJoin, "The user who is to authorise the join may not invite")
        }
        do { return try event.signed(by: rooms.server.name, with: rooms.server.signingKey) } catch {
            throw MatrixError(error)
        }
    }

    private func verified(_ event: Event, in version: RoomVersion) async throws -> Event {
        do { return try await verifier.check(event.json, in: version) } catch {
            throw MatrixError.forbidden(error.description)
        }
    }
}
