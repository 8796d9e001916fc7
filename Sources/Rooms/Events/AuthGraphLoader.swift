package import MatrixCore
package import Storage

/// The auth graphs of rooms, by number, through a bounded cache: they never change, so nobody ever has to invalidate it.
package final class AuthGraphLoader: Sendable {
    /// Events of which the auth events are kept in memory, some 150 bytes each.
    private static let maxCached = 150_000

    private struct Key: Hashable {
        let room: RoomNID
        let event: EventNID
    }

    private let store: EventStore
    private let cache = GenerationalCache<Key, AuthNode>(maxWeight: maxCached)

    package init(store: EventStore) { self.store = store }

    /// Some events, as far as they are there, and up to `more` of those that they lead to: what is in memory, or, when one
    /// that is asked for is not, what the database tells besides.
    package func nodes(
        from events: [EventNID], more: Int, in room: RoomNID
    ) async throws -> [EventNID: AuthNode] {
        var found: [EventNID: AuthNode] = [:]
        var open = events
        var next = 0
        while next < open.count, found.count < events.count + more {
            let event = open[next]
            next += 1
            guard found[event] == nil, let node = cache[Key(room: room, event: event)] else { continue }
            found[event] = node
            open += node.authEvents
        }
        let unknown = events.filter { found[$0] == nil }
        if unknown.isEmpty { return found }
        for (event, node) in try await store.authNodes(from: unknown, more: more, in: room) {
            cache.keep(node, for: Key(room: room, event: event))
            found[event] = node
        }
        return found
    }
}
