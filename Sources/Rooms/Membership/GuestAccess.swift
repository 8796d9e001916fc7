import MatrixCore
import Storage

/// Guests: accounts that nobody registered. Only their own server knows that they are; what rooms want of them it enforces itself.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#guest-access
extension RoomSnapshot {
    /// Whether guests may come in, and stay.
    package func allowsGuests() async throws -> Bool {
        try await content(EventType.guestAccess)?["guest_access"]?.stringEquals("can_join") == true
    }
}

extension RoomService {
    /// - Throws: 403 `M_GUEST_ACCESS_FORBIDDEN` unless somebody here is in the room, and it lets guests in. What a room is like
    ///   that nobody here is in cannot be known before one is in.
    func admitGuest(to room: RoomRecord?) async throws {
        if let room, try await reader.memberships.isJoined(server.name, in: room.nid),
            try await reader.current(room)?.allowsGuests() == true
        {
            return
        }
        throw MatrixError(.guestAccessForbidden, "Guests may not come into this room")
    }
}
