import MatrixCore
import Storage

/// The state of rooms that whoever comes to them is told, by number and remembered: most of those who are in a room have
/// clients that ask for the same.
struct RoomOpenings: Sendable {
    /// Events of all rooms.
    private static let maxCached = 2_000_000
    /// What a room costs besides its events, in numbers.
    private static let overhead = 24
    /// State that is worth remembering; whoever wants more wants all that there is.
    private static let maxEvents = 200

    /// The state of a room as some rules want it.
    struct Opening: Sendable {
        let root: StateRoot
        let required: [EventNID]
        let name: EventNID?
        let avatar: EventNID?
        /// What was told of the room's timeline, and the member events without which it cannot be shown.
        let timeline: [EventNID]
        let members: [EventNID]
    }

    private struct Key: Hashable {
        let room: RoomNID
        let required: RequiredStates
    }

    private let cache = GenerationalCache<Key, Opening>(maxWeight: maxCached) { $0.size + overhead }

    func hasOpening(of room: RoomNID, at root: StateRoot, for required: RequiredStates) -> Bool {
        cache[Key(room: room, required: required)]?.root == root
    }

    /// - Parameter make: reads it, when it is not remembered or was another.
    func opening(
        of room: RoomNID, at root: StateRoot, for required: RequiredStates, timeline: [EventNID],
        making make: () async throws -> Opening
    ) async throws -> Opening {
        let key = Key(room: room, required: required)
        if let known = cache[key], known.root == root, known.timeline == timeline { return known }
        let opening = try await make()
        if opening.size <= Self.maxEvents { cache.keep(opening, for: key) }
        return opening
    }
}

extension RoomOpenings.Opening {
    fileprivate var size: Int { required.count + timeline.count + members.count }
}
