import Cluster
package import MatrixCore
import Rooms
import Storage

/// A room that the user was invited to or knocks at: what somebody outside is told of it.
package struct StrippedRoom: Sendable {
    package let roomID: RoomID
    /// Stripped state events.
    package let events: [[UInt8]]
}

/// Reads what is told of rooms to those outside.
struct StrippedRoomReader: Sendable {
    let rooms: RoomService
    private let reader: RoomReader

    init(rooms: RoomService) { self.init(rooms: rooms, reader: rooms.reader) }

    private init(rooms: RoomService, reader: RoomReader) {
        self.rooms = rooms
        self.reader = reader
    }

    /// The same for many rooms: what they have to ask is put together.
    func gathering() -> StrippedRoomReader { StrippedRoomReader(rooms: rooms, reader: reader.gathering()) }

    /// What came with invites of other servers, the invite among it; of rooms that we are in there is nothing.
    ///
    /// Cost: one query.
    func told(of rooms: [RoomNID], to user: UserNID) async throws -> [RoomNID: [UInt8]] {
        try await reader.memberships.strippedStates(of: rooms, toldTo: user)
    }

    /// - Parameter told: what came with the invite, where another server sent it.
    /// - Returns: `nil` when the invite comes from somebody whom the user ignores, or from whom they want none.
    func read(
        _ room: RoomRecord, standing: RoomStanding, told: [UInt8]?, user: UserRecord, ignored: Set<UserID>
    ) async throws -> StrippedRoom? {
        let sender =
            if let told {
                StrippedState.sender(ofMembershipOf: user.userID, in: told)
            } else {
                try await reader.events.event(standing.eventNID, in: room)?.event.sender
            }
        if try await isHidden(standing, from: sender, user, ignored) { return nil }
        return try await readAnyway(room, standing: standing, told: told, user: user)
    }

    /// The same whether the user wants to be told of it or not.
    func readAnyway(
        _ room: RoomRecord, standing: RoomStanding, told: [UInt8]?, user: UserRecord
    ) async throws -> StrippedRoom {
        if let told { return StrippedRoom(roomID: room.roomID, events: StrippedState.told(told)) }
        let own = try await reader.events.event(standing.eventNID, in: room)
        var events = try await current(room, own)
        if let own {
            let rendered = JSONWriter.write { own.event.writeStrippedState(to: &$0) }
            if !events.contains(where: { Self.isMember($0, user.userID) }) { events.append(rendered) }
        }
        return StrippedRoom(roomID: room.roomID, events: events)
    }

    /// The same for one room.
    func read(
        _ room: RoomRecord, standing: RoomStanding, user: UserRecord, ignored: Set<UserID>
    ) async throws -> StrippedRoom? {
        let told = try await told(of: [room.nid], to: user.nid)[room.nid]
        return try await read(room, standing: standing, told: told, user: user, ignored: ignored)
    }

    private func isHidden(
        _ standing: RoomStanding, from sender: UserID?, _ user: UserRecord, _ ignored: Set<UserID>
    ) async throws -> Bool {
        guard standing.membership == .invite, let sender else { return false }
        if ignored.contains(sender) { return true }
        return try await !rooms.invitePermissions.permission(of: user.nid).shows(inviteFrom: sender)
    }

    /// What this server, which is in the room, tells of it.
    private func current(_ room: RoomRecord, _ own: RoomEvent?) async throws -> [[UInt8]] {
        guard let own, let state = try await reader.state(after: own, in: room) else { return [] }
        var events = StrippedState.told(try await rooms.strippedState(of: state))
        if own.event.membership == .invite,
            let inviter = try await state.event(EventType.member, own.event.sender.description)
        {
            events.append(JSONWriter.write { inviter.event.writeStrippedState(to: &$0) })
        }
        return events
    }

    static func isMember(_ event: [UInt8], _ user: UserID) -> Bool {
        guard let document = try? JSONDocument(parsing: event) else { return false }
        return document["type"]?.stringEquals(EventType.member) == true
            && document["state_key"]?.stringEquals(user.description) == true
    }
}
