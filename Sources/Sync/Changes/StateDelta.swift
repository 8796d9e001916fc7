package import MatrixCore
package import Rooms
import Storage

/// The state that a client has to be told so that, with the timeline applied on top, it ends up with the room's state.
///
/// In words: of what is different now, everything that the timeline does not bring; and of what the timeline changes, what
/// it was when the timeline begins, because that is how its first events are shown.
package struct StateDelta: Sendable {
    /// What the client is told, by state key.
    package let events: [StateKeyNID: EventNID]

    /// - Parameters:
    ///   - old: the state that the client knows; `empty` when it knows nothing.
    ///   - new: the room's state.
    ///   - timeline: the events that it gets, oldest first.
    package static func between(
        _ old: StateRoot, _ new: StateRoot, timeline: [RoomEvent], tree: StateTree
    ) async throws -> StateDelta {
        var events: [StateKeyNID: EventNID] = [:]
        if old.isEmpty {
            let entries = try await tree.at(new).entries()
            events.reserveCapacity(entries.count)
            for entry in entries { events[entry.key] = entry.event }
        } else if old != new {
            // What the key holds no more can not be said; it does not happen but by a state resolution.
            for difference in try await tree.at(old).difference(to: new) { events[difference.key] = difference.new }
        }
        let brought = Set(timeline.compactMap(\.stored.stateKeyNID))
        guard !brought.isEmpty else { return StateDelta(events: events) }
        let start = timeline.first?.stored.stateBefore ?? old
        let atStart = try await tree.at(start).events(for: brought)
        let known = start == old ? atStart : try await tree.at(old).events(for: brought)
        for key in brought {
            let event = atStart[key]
            events[key] = event == known[key] ? nil : event
        }
        return StateDelta(events: events)
    }

    /// The state as the timeline's events were sent in, for some keys.
    package static func atStart(
        of timeline: [RoomEvent], otherwise new: StateRoot, keys: Set<StateKeyNID>, tree: StateTree
    ) async throws -> [StateKeyNID: EventNID] {
        guard !keys.isEmpty else { return [:] }
        var found = try await tree.at(new).events(for: keys)
        let brought = keys.intersection(timeline.compactMap(\.stored.stateKeyNID))
        guard !brought.isEmpty, let start = timeline.first?.stored.stateBefore else { return found }
        let atStart = try await tree.at(start).events(for: brought)
        for key in brought { found[key] = atStart[key] }
        return found
    }
}
