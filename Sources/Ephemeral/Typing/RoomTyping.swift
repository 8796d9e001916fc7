package import MatrixCore
package import Rooms
import Storage

/// Typing as clients tell it: only who is in a room may type there.
package struct RoomTyping: Sendable {
    private let rooms: RoomService
    private let typing: Typing

    package init(rooms: RoomService, typing: Typing) {
        self.rooms = rooms
        self.typing = typing
    }

    /// Notes that a local user types, or does not any more.
    ///
    /// - Parameter timeout: for how long; `nil` when not any more.
    /// - Throws: 403 `M_FORBIDDEN` for who is not in the room.
    package func set(_ user: UserNID, in roomID: RoomID, for timeout: Duration?) async throws {
        let record = try await rooms.user(user)
        let room = try await rooms.joinedRoom(roomID, as: record)
        await typing.set(record.userID, in: room.nid, for: timeout)
    }
}
