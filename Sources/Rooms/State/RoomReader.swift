package import Cluster
package import MatrixCore
package import Storage
import Telemetry

/// How rooms are read: heads, states, events, members. Holds nothing but caches of what never changes.
package final class RoomReader: Sendable {
    package let store: RoomStore
    package let eventStore: EventStore
    package let events: EventLoader
    package let packs: PackCache
    package let authGraph: AuthGraphLoader
    package let interning: Interning
    package let memberships: MembershipStore
    package let acls: ServerACLs
    package let erased: ErasedSenders
    let replaced: ReplacedEvents
    private let feed: LogFeed

    /// Begins to follow the log, for what changes of events that are kept in memory.
    package init(
        store: RoomStore, eventStore: EventStore, interning: Interning, memberships: MembershipStore, feed: LogFeed
    ) {
        self.store = store
        self.eventStore = eventStore
        self.interning = interning
        self.memberships = memberships
        events = EventLoader(store: eventStore, clock: feed.clock)
        packs = PackCache(store: store, clock: feed.clock)
        authGraph = AuthGraphLoader(store: eventStore)
        acls = ServerACLs()
        erased = ErasedSenders(store: eventStore, feed: feed)
        replaced = ReplacedEvents(packs: packs)
        self.feed = feed
        _ = feed.observe { [events, erased] row in
            events.follow(row)
            erased.follow(row)
        }
    }

    /// The same rooms for one piece of work that reads many of them side by side: what several of them miss in memory at the
    /// same moment is read with one query.
    ///
    /// - Parameter moment: how long a question waits for others to join, where many are sure to come.
    package func gathering(within moment: Duration = .zero) -> RoomReader {
        RoomReader(gathering: self, within: moment)
    }

    private init(gathering other: RoomReader, within moment: Duration) {
        store = other.store
        eventStore = other.eventStore
        events = EventLoader(gathering: other.events, within: moment)
        packs = PackCache(gathering: other.packs, within: moment)
        authGraph = other.authGraph
        interning = other.interning
        memberships = other.memberships
        acls = other.acls
        erased = other.erased
        replaced = ReplacedEvents(packs: packs)
        feed = other.feed
    }

    /// Brings into memory what is told of rooms from the start: the state of each, if it is small, and some events.
    ///
    /// - Cost: three queries for all rooms.
    package func load(
        _ rooms: [(room: RoomRecord, state: StateRoot, events: [EventNID])], wholeStateUpTo maxEntries: Int
    ) async throws {
        try await packs.load(rooms.map { ($0.room.nid, $0.state) })
        var wanted: Set<RoomEventNumber> = []
        for (room, state, events) in rooms {
            for event in events { wanted.insert(RoomEventNumber(room: room.nid, event: event)) }
            guard state.count <= maxEntries else { continue }
            for entry in try await tree(of: room, at: state).entries() {
                wanted.insert(RoomEventNumber(room: room.nid, event: entry.event))
            }
        }
        try await events.load(
            wanted, in: Dictionary(rooms.map { ($0.room.nid, $0.room) }, uniquingKeysWith: { one, _ in one }))
        // Of what was sent it is asked who was there.
        var before: [(RoomNID, StateRoot)] = []
        for (room, _, numbers) in rooms {
            before += try await events.list(numbers, in: room).compactMap { event in
                event.stored.stateBefore.map { (room.nid, $0) }
            }
        }
        try await packs.load(before)
    }

    /// Brings into memory the numbers of what nearly every look at a room asks for: rooms that are read side by side would all
    /// miss them at the same moment.
    package func loadCommonNames(for user: UserID) async throws {
        let types = [EventType.historyVisibility, EventType.name, EventType.canonicalAlias, EventType.powerLevels]
        _ = try await interning.knownStateKeys(types.map { StateKey($0) } + [.create, .member(user)])
    }

    package func room(_ roomID: RoomID) async throws -> RoomRecord? { try await store.room(roomID) }

    package func tree(of room: RoomRecord, at root: StateRoot) -> StateTree {
        StateTree(root: root, room: room.nid, source: packs)
    }

    package func snapshot(of room: RoomRecord, at root: StateRoot) -> RoomSnapshot {
        RoomSnapshot(room: room, tree: tree(of: room, at: root), reader: self)
    }

    /// The room's head; `nil` when nothing of it was ever written.
    ///
    /// Events in memory are as they were when this worker last heard of the room; when it returns, the worker has heard
    /// of everything up to this head, so that an event which was redacted through another worker is not shown as it was.
    ///
    /// Cost: one query; a second one when the worker is behind.
    package func head(of room: RoomRecord) async throws -> RoomHead? {
        guard let head = try await store.head(of: room.nid) else { return nil }
        if !feed.hasSeen(head.position, of: room.shard) { try await feed.reachPresent(of: [room.shard]) }
        return head
    }

    /// The room as it is now; `nil` when nothing of it was ever written, as of a room that we know by an invite only.
    ///
    /// Cost: one query; the head is always asked for, so that whoever has just written through another worker reads it.
    package func current(_ room: RoomRecord) async throws -> RoomSnapshot? {
        guard let head = try await head(of: room) else { return nil }
        return snapshot(of: room, at: head.state)
    }

    /// The state just after an event; `nil` when its place in the graph is not known.
    package func state(after event: RoomEvent, in room: RoomRecord) async throws -> RoomSnapshot? {
        guard let before = event.stored.stateBefore else { return nil }
        guard let key = event.stored.stateKeyNID, !event.stored.flags.contains(.rejected) else {
            return snapshot(of: room, at: before)
        }
        // Not stored: the tree is told by the event alone, so its pack has a number made of the event's, which no stored
        // pack has. It is kept with the others, because other trees of the request are compared with this one.
        let update = try await tree(of: room, at: before).applying(
            [StateChange(key: key, event: event.nid)], newPack: PackNID(-event.nid.rawValue))
        if let pack = update.pack { packs.keep(pack.pack, as: pack.number, room: room.nid) }
        return RoomSnapshot(room: room, tree: update.tree, reader: self)
    }
}
