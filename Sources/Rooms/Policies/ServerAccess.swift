package import MatrixCore
package import Storage

/// Asks the access control lists of rooms which servers may take part.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
package final class ServerAccess: Sendable {
    /// Patterns of lists that are kept compiled. A list has some hundreds at most where nobody means harm.
    private static let maxCachedPatterns = 200_000

    private struct Key: Hashable {
        let room: RoomNID
        let event: EventNID
    }

    private let reader: RoomReader
    private let lists: GenerationalCache<Key, ServerACL>

    package init(reader: RoomReader) {
        self.reader = reader
        lists = GenerationalCache(maxWeight: Self.maxCachedPatterns) { 1 + $0.count }
    }

    /// Whether the room's list lets a server take part. Rooms without a list, and rooms that we know nothing of, let all.
    ///
    /// Cost: one query for the room's head; the list itself comes from memory.
    package func allows(_ server: ServerName, in room: RoomRecord) async throws -> Bool {
        guard let now = try await reader.current(room) else { return true }
        return try await allows(server, in: now)
    }

    /// The same by a state of the room that is there already.
    package func allows(_ server: ServerName, in snapshot: RoomSnapshot) async throws -> Bool {
        guard let event = try await snapshot.event(EventType.serverACL) else { return true }
        let key = Key(room: snapshot.room.nid, event: event.nid)
        if let list = lists[key] { return list.allows(server) }
        let list = ServerACL(content: event.event.content)
        lists.keep(list, for: key)
        return list.allows(server)
    }
}
