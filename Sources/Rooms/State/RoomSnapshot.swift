package import MatrixCore
package import Storage

/// The state of a room at one place of its graph.
package struct RoomSnapshot: Sendable {
    package let room: RoomRecord
    package let tree: StateTree
    let reader: RoomReader

    package var root: StateRoot { tree.root }

    /// The state event of a type and key, or `nil`.
    package func event(_ type: String, _ key: String = "") async throws -> RoomEvent? {
        let key = StateKey(type, key)
        guard let keyNID = try await reader.interning.knownStateKeys([key])[key],
            let nid = try await tree.event(for: keyNID)
        else { return nil }
        return try await reader.events.event(nid, in: room)
    }

    /// The state events of some types and keys, those that there are.
    package func events(_ keys: [StateKey]) async throws -> [StateKey: RoomEvent] {
        let numbers = try await reader.interning.knownStateKeys(keys)
        let held = try await tree.events(for: Array(numbers.values))
        let events = try await reader.events.events(held.values, in: room)
        var found: [StateKey: RoomEvent] = [:]
        for (key, number) in numbers {
            if let nid = held[number], let event = events[nid] { found[key] = event }
        }
        return found
    }

    /// The whole state, in no order. Ask for it only when all of it is wanted.
    package func allEvents() async throws -> [RoomEvent] {
        let nids = try await tree.entries().map(\.event)
        return Array(try await reader.events.events(nids, in: room).values)
    }

    /// All state events of one type.
    package func events(ofType type: String) async throws -> [RoomEvent] {
        let entries = try await tree.entries()
        let keys = try await reader.interning.stateKeys(entries.map(\.key))
        let nids = entries.filter { keys[$0.key]?.type == type }.map(\.event)
        return Array(try await reader.events.events(nids, in: room).values)
    }

    /// A member of the content of a state event.
    package func content(_ type: String, _ key: String = "") async throws -> JSONView? {
        try await event(type, key)?.event.content
    }

    package func membership(of user: UserID) async throws -> Membership? {
        try await content(EventType.member, user.description).flatMap { Membership(content: $0) }
    }

    package func historyVisibility() async throws -> HistoryVisibility {
        let name = try await content(EventType.historyVisibility)?["history_visibility"]?.string
        return name.flatMap { HistoryVisibility(rawValue: $0) } ?? .shared
    }

    package func powerLevels() async throws -> PowerLevels {
        guard let version = RoomVersion(room.version) else { throw StorageError.corrupt("rooms.version") }
        let state = try await events([.create, .powerLevels])
        return AuthStateMap(state.values.map(\.event)).powerLevels(in: version)
    }

    package func joinRule() async throws -> String {
        try await content(EventType.joinRules)?["join_rule"]?.string ?? "invite"
    }
}

/// Who may see an event of a room, by `m.room.history_visibility`; `shared` where there is none.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
package enum HistoryVisibility: String, Sendable {
    case invited
    case joined
    case shared
    case worldReadable = "world_readable"
}
