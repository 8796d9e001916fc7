import Cluster
import MatrixCore
import Rooms
import Storage

/// What filters ask of a room's state.
struct RoomFacts: Sendable, Hashable {
    /// `type` of the create event.
    var type: String?
    var isEncrypted: Bool
}

/// What filters ask of the states of many rooms, remembered for as long as a room's state stays what it was.
struct RoomFactsReader: Sendable {
    private static let maxCached = 400_000

    private struct Entry: Sendable {
        let root: StateRoot
        let create: EventNID?
        let facts: RoomFacts
    }

    private let cache = GenerationalCache<RoomNID, Entry>(maxWeight: maxCached)
    private let children = GenerationalCache<RoomNID, Children>(maxWeight: 2_000)

    private struct Children: Sendable {
        let root: StateRoot
        let rooms: Set<RoomID>
    }

    /// The facts of rooms as far as they are remembered, in the order of the rooms.
    func remembered(of rooms: [(room: RoomNID, root: StateRoot?)]) -> [RoomFacts?] {
        zip(rooms, cache.values(for: rooms.map(\.room))).map { room, entry in
            entry?.root == room.root ? entry?.facts : nil
        }
    }

    /// The keys of the state that facts are made of.
    func keys(_ reader: RoomReader) async throws -> Set<StateKeyNID> {
        Set(try await reader.interning.stateKeys(Self.names).values)
    }

    private static let names = [StateKey.create, StateKey(EventType.encryption)]

    /// Reads the facts of rooms; those of rooms that cannot be read are left out.
    ///
    /// Cost: a few queries for all.
    func read(
        _ rooms: [(room: RoomRecord, root: StateRoot)], reader: RoomReader
    ) async throws -> [RoomNID: RoomFacts] {
        let (create, encryption) = (StateKey.create, StateKey(EventType.encryption))
        // Given numbers where nobody has such a thing yet: or else that would be asked about each time.
        let numbers = try await reader.interning.stateKeys([create, encryption])
        let keys = (create: numbers[create], encryption: numbers[encryption])
        // Side by side, so that what is missing of all rooms is read together.
        let read = try await SideBySide.map(rooms) { room, root in
            try? await self.facts(of: room, at: root, keys, reader)
        }
        try Task.checkCancellation()
        var found: [RoomNID: RoomFacts] = [:]
        for (room, facts) in zip(rooms, read) { found[room.room.nid] = facts }
        return found
    }

    private func facts(
        of room: RoomRecord, at root: StateRoot, _ keys: (create: StateKeyNID?, encryption: StateKeyNID?),
        _ reader: RoomReader
    ) async throws -> RoomFacts {
        let held = try await reader.tree(of: room, at: root).events(
            for: [keys.create, keys.encryption].compactMap { $0 })
        let createNID = keys.create.flatMap { held[$0] }
        var facts = RoomFacts(type: nil, isEncrypted: keys.encryption.flatMap { held[$0] } != nil)
        if let known = cache[room.nid], known.create == createNID {
            facts.type = known.facts.type
        } else if let createNID, let event = try await reader.events.event(createNID, in: room) {
            facts.type = event.event.content["type"]?.string
        }
        cache.keep(Entry(root: root, create: createNID, facts: facts), for: room.nid)
        return facts
    }

    /// The rooms that a space names as its children.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mspacechild
    func children(of space: RoomRecord, at root: StateRoot, reader: RoomReader) async throws -> Set<RoomID> {
        if let known = children[space.nid], known.root == root { return known.rooms }
        let events = try await reader.snapshot(of: space, at: root).events(ofType: EventType.spaceChild)
        let rooms = Set(
            events.filter { ($0.event.content["via"]?.count ?? 0) > 0 }.compactMap {
                $0.event.stateKey.flatMap { RoomID($0) }
            })
        children.keep(Children(root: root, rooms: rooms), for: space.nid)
        return rooms
    }
}
