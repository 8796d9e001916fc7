package import MatrixCore
import Rooms
import Storage

extension RoomDirectory {
    /// What a viewer is told of one room.
    ///
    /// Whoever does not say who they are learns only of rooms that we are in: nobody can have us ask other servers for nothing.
    ///
    /// - Parameter servers: that may know the room.
    /// - Returns: the viewer's own membership too, where the viewer is a user.
    /// - Throws: 404 `M_NOT_FOUND`, the same for a room of which the viewer must not know.
    package func summary(
        of roomID: RoomID, via servers: [ServerName], for user: UserNID?
    ) async throws -> (summary: RoomSummary, membership: Membership?) {
        var viewer = RoomViewer.anyone
        if let user { viewer = try await RoomViewer(user, memberships: rooms.reader.memberships) }
        let lookUp = RoomLookUp(directory: self, viewer: viewer, suggestedOnly: true)
        let room: ListedRoom?
        if let local = try await lookUp.local([roomID])[roomID] {
            room = local
        } else if user != nil {
            let named = roomID.serverName.map { [$0] } ?? []
            room = try await lookUp.remote([(roomID, servers + named.filter { !servers.contains($0) })])[roomID]
        } else {
            room = nil
        }
        guard let room else { throw MatrixError(.notFound, "no such room, or you may not see it") }
        guard user != nil else { return (room.summary, nil) }
        return (room.summary, viewer.membership(in: try await rooms.reader.room(roomID)?.nid) ?? .leave)
    }
}
