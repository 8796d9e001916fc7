import MatrixCore
import Synchronization
import Testing

/// Counts what a resolution asks for.
final class ReadCounter: Sendable {
    struct Reads: Equatable {
        var calls = 0
        var events = 0
    }

    private let reads = Mutex(Reads())

    var soFar: Reads { reads.withLock { $0 } }

    func count(_ events: Int) {
        reads.withLock {
            $0.calls += 1
            $0.events += events
        }
    }

    func reset() { reads.withLock { $0 = Reads() } }
}

/// A room in memory: events with numbers in the order in which they were added.
struct ResolutionRoom {
    let version: RoomVersion
    var contents = Contents()
    private let nodes = MemoryNodeSource()
    private var packs: Int64 = 0
    var factory: EventFactory
    let create: Event

    /// What the resolver sees of the room.
    struct Contents: ResolutionSource {
        var events: [EventNID: ResolutionEvent] = [:]
        var numbers: [EventID: EventNID] = [:]
        var stateKeys: [StateKey: StateKeyNID] = [:]
        /// Answers as a database would, with the nodes that come next; otherwise only with what it is asked for.
        var tellsMore = false
        let reads = ReadCounter()

        func authEvents(of wanted: [EventNID]) async throws -> [EventNID: [EventNID]] {
            reads.count(wanted.count)
            return found(wanted).mapValues(\.authEvents)
        }

        func authNodes(from wanted: [EventNID], more: Int) async throws -> [EventNID: AuthNode] {
            guard tellsMore else {
                return try await authEvents(of: wanted).mapValues { AuthNode(stateKey: nil, authEvents: $0) }
            }
            var nodes: [EventNID: AuthNode] = [:]
            var open = wanted[...]
            while let next = open.popFirst(), nodes.count < wanted.count + more {
                guard nodes[next] == nil, let event = events[next] else { continue }
                nodes[next] = AuthNode(stateKey: event.stateKey, authEvents: event.authEvents)
                open += event.authEvents
            }
            reads.count(nodes.count)
            return nodes
        }

        func events(_ wanted: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
            reads.count(wanted.count)
            return found(wanted)
        }

        private func found(_ wanted: [EventNID]) -> [EventNID: ResolutionEvent] {
            var found: [EventNID: ResolutionEvent] = [:]
            for number in wanted { found[number] = events[number] }
            return found
        }

        func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
            var found: [StateKey: StateKeyNID] = [:]
            for key in keys { found[key] = stateKeys[key] }
            return found
        }
    }

    init(_ version: RoomVersion) throws {
        self.version = version
        factory = EventFactory(version)
        create = try factory.create()
        add(create)
    }

    /// Numbers an event, once. Gaps are there because databases make them.
    mutating func add(_ event: Event, isRejected: Bool = false) {
        if contents.numbers[event.eventID] != nil { return }
        let number = EventNID(Int64(contents.events.count) * 3 + 10)
        let key = event.fullStateKey ?? StateKey("none")
        let keyNumber = contents.stateKeys[key] ?? StateKeyNID(Int64(contents.stateKeys.count) * 7 + 1)
        contents.stateKeys[key] = keyNumber
        contents.events[number] = ResolutionEvent(
            number: number, event: event, stateKey: keyNumber,
            authEvents: event.authEvents.compactMap { contents.numbers[$0] }, isRejected: isRejected)
        contents.numbers[event.eventID] = number
    }

    /// Makes and numbers a state event.
    mutating func state(
        _ type: String, for stateKey: String = "", by sender: String = EventFactory.creator, _ content: JSONValue,
        auth: [Event] = [], isRejected: Bool = false
    ) throws -> Event {
        var auth = auth
        if !version.authorization.impliesCreateEvent { auth.insert(create, at: 0) }
        let event = try factory.make(type, stateKey: stateKey, sender: sender, content: content, auth: auth)
        add(event, isRejected: isRejected)
        return event
    }

    mutating func join(_ user: String, name: String = "", auth: [Event] = []) throws -> Event {
        try state(
            EventType.member, for: user, by: user, ["membership": "join", "displayname": .string(name)], auth: auth)
    }

    /// The resolution of some states, as events by their state key.
    mutating func resolve(_ states: [[Event]]) async throws -> [StateKey: Event] {
        var trees: [StateTree] = []
        for state in states { trees.append(try await tree(state)) }
        let resolver = StateResolver(version: version, create: create, source: contents)
        let base = try #require(trees.first)
        let changes = try await resolver.resolve(base, with: trees.dropFirst().map(\.root))
        packs += 1
        let update = try await base.applying(changes, newPack: PackNID(packs))
        nodes.store(update)
        var resolved: [StateKey: Event] = [:]
        for entry in try await update.tree.entries() {
            let event = try #require(contents.events[entry.event])
            #expect(event.stateKey == entry.key)
            resolved[try #require(event.event.fullStateKey)] = event.event
        }
        return resolved
    }

    private mutating func tree(_ events: [Event]) async throws -> StateTree {
        packs += 1
        var changes: [StateChange] = []
        for event in events {
            let number = try #require(contents.numbers[event.eventID])
            changes.append(StateChange(key: try #require(contents.events[number]).stateKey, event: number))
        }
        let update = try await StateTree(root: .empty, room: RoomNID(1), source: nodes)
            .applying(changes, newPack: PackNID(packs))
        nodes.store(update)
        return update.tree
    }
}
