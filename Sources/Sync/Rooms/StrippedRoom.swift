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

    /// - Returns: `nil` when the invite comes from somebody whom the user ignores.
    func read(
        _ room: RoomRecord, standing: RoomStanding, user: UserRecord, ignored: Set<UserID>
    ) async throws -> StrippedRoom? {
        if let told = try await stored(room, user) {
            let sender = StrippedState.sender(ofMembershipOf: user.userID, in: told)
            return sender.map(ignored.contains) == true
                ? nil : StrippedRoom(roomID: room.roomID, events: Self.elements(of: told))
        }
        let own = try await rooms.reader.events.event(standing.eventNID, in: room)
        if let own, ignored.contains(own.event.sender) { return nil }
        var events = try await current(room, own)
        if let own {
            let rendered = JSONWriter.write { own.event.writeStrippedState(to: &$0) }
            if !events.contains(where: { Self.isMember($0, user.userID) }) { events.append(rendered) }
        }
        return StrippedRoom(roomID: room.roomID, events: events)
    }

    /// What came with an invite of another server, that invite among it.
    private func stored(_ room: RoomRecord, _ user: UserRecord) async throws -> [UInt8]? {
        try await rooms.reader.memberships.membership(of: user.nid, in: room.nid)?.strippedState
    }

    /// What this server, which is in the room, tells of it.
    private func current(_ room: RoomRecord, _ own: RoomEvent?) async throws -> [[UInt8]] {
        guard let own, let state = try await rooms.reader.state(after: own, in: room) else { return [] }
        var events = Self.elements(of: try await rooms.strippedState(of: state))
        if own.event.membership == .invite,
            let inviter = try await state.event(EventType.member, own.event.sender.description)
        {
            events.append(JSONWriter.write { inviter.event.writeStrippedState(to: &$0) })
        }
        return events
    }

    private static func elements(of array: [UInt8]) -> [[UInt8]] {
        guard let elements = (try? JSONDocument(parsing: array))?.root.array else { return [] }
        return elements.filter(\.isObject).map { Array($0.rawBytes) }
    }

    private static func isMember(_ event: [UInt8], _ user: UserID) -> Bool {
        guard let document = try? JSONDocument(parsing: event) else { return false }
        return document["type"]?.stringEquals(EventType.member) == true
            && document["state_key"]?.stringEquals(user.description) == true
    }
}
