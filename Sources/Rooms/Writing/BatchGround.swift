import MatrixCore
import Storage

/// What a batch is built on: a head, and what every batch needs of it.
struct BatchGround: Sendable {
    var head: RoomHead
    var tree: StateTree
    /// The forward extremities: what the next event names as its predecessors.
    var extremities: [RoomEvent]
    /// The local users who are joined; they are notified of messages.
    var localMembers: [UserNID]
    /// The states after some of the extremities, as far as they were worked out.
    var statesAfter: [EventNID: StateRoot] = [:]

    static func load(_ room: RoomRecord, _ services: RoomWriting) async throws -> BatchGround {
        let reader = services.reader
        let head =
            try await reader.head(of: room) ?? RoomHead(version: 0, extremities: [], state: .empty, position: 0)
        let events = try await reader.events.events(head.extremities, in: room)
        let extremities = try head.extremities.map { nid in
            guard let event = events[nid] else { throw StorageError.missing("forward extremity") }
            return event
        }
        let members = try await reader.memberships.joinedMembers(of: room.nid, on: services.localServerNID)
        return BatchGround(
            head: head, tree: reader.tree(of: room, at: head.state), extremities: extremities, localMembers: members)
    }
}
