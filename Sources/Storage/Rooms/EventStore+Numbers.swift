package import MatrixCore
import Postgres

/// What is asked of many events at once, without their bodies.
extension EventStore {
    /// The auth events that events name, all by number.
    package func authEvents(of nids: [EventNID], in room: RoomNID) async throws -> [EventNID: [EventNID]] {
        var found: [EventNID: [EventNID]] = [:]
        found.reserveCapacity(nids.count)
        for row in try await pool.query(EventStatements.authFacts, room.rawValue, nids.map(\.rawValue)) {
            found[EventNID(try row.get(0, Int64.self))] = try EventNumbers.decode(try row.get(7, [UInt8].self))
        }
        return found
    }

    /// A part of the auth graph: some events, and up to `more` of those that they lead to, the nearest first.
    ///
    /// - Cost: one round trip, however long the chain; a few index look-ups for each event in the answer.
    package func authNodes(from nids: [EventNID], more: Int, in room: RoomNID) async throws -> [EventNID: AuthNode] {
        guard !nids.isEmpty else { return [:] }
        var found: [EventNID: AuthNode] = [:]
        let rows = try await pool.query(
            EventStatements.authGraph, room.rawValue, nids.map(\.rawValue), Int64(nids.count + more))
        for var row in rows {
            let nid = EventNID(try row.next(Int64.self))
            let key = try row.next(Int64?.self).map { StateKeyNID($0) }
            found[nid] = AuthNode(stateKey: key, authEvents: try EventNumbers.decode(try row.next([UInt8].self)))
        }
        return found
    }

    /// The ids of events.
    package func ids(of nids: [EventNID], in room: RoomNID) async throws -> [EventNID: EventID] {
        var found: [EventNID: EventID] = [:]
        found.reserveCapacity(nids.count)
        for var row in try await pool.query(EventStatements.nidsToIDs, room.rawValue, nids.map(\.rawValue)) {
            let nid = EventNID(try row.next(Int64.self))
            guard let id = EventID(try row.next(String.self)) else { throw StorageError.corrupt("events.event_id") }
            found[nid] = id
        }
        return found
    }
}
