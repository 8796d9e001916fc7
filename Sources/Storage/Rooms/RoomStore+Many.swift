package import MatrixCore
import Postgres

/// Many rooms at once. A call takes one round trip; callers bound how many rooms they ask for together.
extension RoomStore {
    /// The rooms that are known, by their ids.
    package func rooms(_ ids: [RoomID]) async throws -> [RoomID: RoomRecord] {
        var found: [RoomID: RoomRecord] = [:]
        let unknown = ids.filter { id in
            found[id] = known(id)
            return found[id] == nil
        }
        guard !unknown.isEmpty else { return found }
        for room in try keep(try await pool.query(ManyRoomsStatements.byIDs, unknown.map(\.description))) {
            found[room.roomID] = room
        }
        return found
    }

    /// The heads of those rooms of which something was written.
    package func heads(of rooms: [RoomNID]) async throws -> [RoomNID: RoomHead] {
        guard !rooms.isEmpty else { return [:] }
        var found: [RoomNID: RoomHead] = [:]
        for var row in try await pool.query(ManyRoomsStatements.heads, rooms.map(\.rawValue)) {
            let room = RoomNID(try row.next(Int64.self))
            found[room] = RoomHead(
                version: try row.next(Int64.self), extremities: try row.next([Int64].self).map { EventNID($0) },
                state: try Self.stateRoot(try row.next([UInt8].self)), position: try row.next(Int64.self))
        }
        return found
    }
}
