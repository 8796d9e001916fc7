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
        let viewer = RoomViewer(user: user, store: rooms.reader.memberships)
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
        guard let user else { return (room.summary, nil) }
        guard let number = try await rooms.reader.room(roomID)?.nid else { return (room.summary, .leave) }
        let record = try await rooms.reader.memberships.membership(of: user, in: number)?.record
        return (room.summary, record?.membership ?? .leave)
    }
}
