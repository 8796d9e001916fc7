package import MatrixCore
import Rooms
import Storage

/// What another server is told of a space of ours.
package struct ServedHierarchy: Sendable {
    package let room: ListedRoom
    package let children: [RoomSummary]
    /// Rooms in the space that the server's users could not get into.
    package let inaccessible: [RoomID]
}

/// Answers other servers that ask for spaces.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1hierarchyroomid
package struct ServerHierarchies: Sendable {
    /// Rooms in a space that are told of; for the others its links are enough to ask again.
    private static let maxChildren = 50

    private let directory: RoomDirectory

    package init(directory: RoomDirectory) { self.directory = directory }

    /// A space and the rooms in it, as far as users of the server may know of them.
    ///
    /// - Returns: `nil` for a room that we are not in, or of which nobody there may know.
    /// - Cost: a handful of queries.
    package func hierarchy(
        of roomID: RoomID, for server: ServerName, suggestedOnly: Bool
    ) async throws -> ServedHierarchy? {
        guard let space = try await directory.summaries.rooms([roomID])[roomID], space.isResident,
            !(try await visible([space], to: server).isEmpty)
        else { return nil }
        let listed = ListedRoom(space, suggestedOnly: suggestedOnly)
        let ids = listed.children.prefix(Self.maxChildren).map(\.roomID)
        let ours = try await directory.summaries.rooms(ids).filter(\.value.isResident)
        let visible = try await visible(Array(ours.values), to: server)
        let known = ids.filter { ours[$0] != nil }
        return ServedHierarchy(
            room: listed, children: known.filter(visible.contains).compactMap { ours[$0]?.summary },
            inaccessible: known.filter { !visible.contains($0) })
    }

    /// Those of the rooms that somebody of the server is in, or could come into.
    private func visible(_ rooms: [SummarizedRoom], to server: ServerName) async throws -> Set<RoomID> {
        let reader = directory.rooms.reader
        let allowed = try await reader.store.rooms(Array(Set(rooms.flatMap(\.summary.allowedRooms))))
        let standing = try await reader.memberships.standing(
            of: server, in: Array(Set(rooms.map(\.room.nid) + allowed.values.map(\.nid))))
        var visible: Set<RoomID> = []
        for room in rooms {
            let isIn = standing[room.room.nid] != nil
            let mayEnter = room.summary.allowedRooms.contains { id in
                allowed[id].map { standing[$0.nid] == .join } ?? false
            }
            guard isIn || mayEnter || room.summary.isOpen, try await room.snapshot.allows(server: server) else {
                continue
            }
            visible.insert(room.room.roomID)
        }
        return visible
    }
}
