import MatrixCore
import Testing

/// A room in memory: events with numbers in the order in which they were added.
struct ResolutionRoom {
    let version: RoomVersion
    private(set) var contents = Contents()
    private let nodes = MemoryNodeSource()
    private var packs: Int64 = 0
    var factory: EventFactory
    let create: Event

    /// What the resolver sees of the room.
    struct Contents: ResolutionSource {
        var events: [EventNID: ResolutionEvent] = [:]
        var numbers: [EventID: EventNID] = [:]
        var stateKeys: [StateKey: StateKeyNID] = [:]

        func authEvents(of wanted: [EventNID]) async throws -> [EventNID: [EventNID]] {
            events.filter { wanted.contains($0.key) }.mapValues(\.authEvents)
        }

        func events(_ wanted: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
            events.filter { wanted.contains($0.key) }
        }

        func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
            stateKeys.filter { keys.contains($0.key) }
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
