package import FederationAPI
package import MatrixCore
package import Rooms

extension ServedHistory {
    /// The event nearest to a time. That it is there the server may know, whatever of it it may see.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the server is not in the room, 404 `M_NOT_FOUND`.
    package func event(
        at milliseconds: Int64, _ direction: RoomService.Direction, in roomID: RoomID, for server: ServerName
    ) async throws -> EventAtTime {
        let open = try await door.room(roomID, forMember: server)
        guard let event = try await rooms.event(at: milliseconds, direction, in: open.room) else {
            throw MatrixError.notFound("There is no event at that time")
        }
        return EventAtTime(eventID: event.eventID, originServerTS: event.event.originServerTS)
    }
}
