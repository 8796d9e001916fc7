import MatrixCore

/// A server of the simulated federation: its users, its key, its copy of the room, and what waits for what it builds on.
struct SimulatedServer {
    let index: Int
    let name: ServerName
    let key: SigningKey
    /// The first is never touched by honest users, so that the server has somebody in the room.
    let users: [UserID]
    var graph: MemoryGraph
    /// Events that cite others which are not here, in the order in which they came.
    private(set) var waiting: [Waiting] = []
    /// How far the server's clock is off.
    let skew: Int64

    struct Waiting {
        let event: Event
        var missing: Set<EventID>
    }

    init(index: Int, graph: MemoryGraph, skew: Int64) throws {
        self.index = index
        name = try Self.name(index)
        key = try Self.key(index)
        users = try Self.users(index)
        self.graph = graph
        self.skew = skew
    }

    static func name(_ index: Int) throws -> ServerName { try unwrap(ServerName("s\(index).example")) }

    static func key(_ index: Int) throws -> SigningKey {
        try unwrap(
            SigningKey(version: "s\(index)", seed: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 32)))
    }

    static func users(_ index: Int) throws -> [UserID] {
        try ["anchor", "ann", "bob"].map { try unwrap(UserID("@\($0):s\(index).example")) }
    }

    private static func unwrap<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Disagreement("a name that is none") }
        return value
    }

    // MARK: Receiving

    /// Takes an event in, and whatever waited for it.
    mutating func receive(_ event: Event) async throws {
        if !isWaiting(event.eventID) { try await work(off: [event]) }
    }

    private func isWaiting(_ id: EventID) -> Bool { waiting.contains { $0.event.eventID == id } }

    /// Whether nothing more is to be done about an event for now.
    func isAtHand(_ id: EventID) -> Bool { graph.isPlaced(id) || isWaiting(id) }

    private mutating func work(off events: [Event]) async throws {
        var ready = events
        while let next = ready.popLast() {
            switch try await graph.receive(next) {
            case .known: break
            case .missing(let missing):
                waiting.append(Waiting(event: next, missing: Set(missing.predecessors + missing.authEvents)))
            case .deferred: waiting.append(Waiting(event: next, missing: []))
            case .judged: ready += takeThose(waitingFor: next.eventID)
            }
        }
    }

    /// Gives up on what an event follows, and takes the state before it from somebody's word, as `GapPlacement` does.
    mutating func bridge(_ event: Event, by told: ToldState) async throws {
        try await graph.store(outliers: told.events)
        guard let given = try await graph.state(told: told.state) else { return }
        var outcome = try await graph.receive(event, given: given)
        if case .missing = outcome {
            try await takeIn(authEvents: told.authChain)
            outcome = try await graph.receive(event, given: given)
        }
        guard case .judged = outcome else { return }
        waiting.removeAll { $0.event == event }
        try await work(off: takeThose(waitingFor: event.eventID))
    }

    /// What can have its place gets it; the rest is kept beside the graph.
    private mutating func takeIn(authEvents: [Event]) async throws {
        for event in EventOrder.sort(byPredecessors: authEvents)
        where !graph.isPlaced(event.eventID) && event.prevEvents.allSatisfy(graph.isPlaced) {
            try await receive(event)
        }
        try await graph.store(outliers: authEvents)
    }

    /// Tries again what waits: there may be room for it, or what it cites may have come without a place.
    mutating func retry() async throws {
        let events = waiting.map(\.event)
        waiting = []
        for event in events { try await receive(event) }
    }

    private mutating func takeThose(waitingFor id: EventID) -> [Event] {
        for index in waiting.indices { waiting[index].missing.remove(id) }
        let freed = waiting.filter { $0.missing.isEmpty }.map(\.event)
        waiting.removeAll { $0.missing.isEmpty }
        return freed
    }

    /// What has to be asked for: what is cited and neither here nor waiting itself.
    var wanted: [EventID] {
        let here = Set(waiting.map(\.event.eventID))
        return waiting.reduce(into: Set<EventID>()) { $0.formUnion($1.missing) }.subtracting(here).sorted()
    }

    /// An event that is here, wherever.
    func event(_ id: EventID) -> Event? {
        graph.node(id)?.event ?? waiting.first { $0.event.eventID == id }?.event
    }

    // MARK: Sending

    /// Makes an event at the end of the room as the server knows it, as honest servers do.
    ///
    /// - Returns: `nil` when the room does not allow it.
    func build(_ draft: Draft, at time: Int64, cosignedBy cosigner: (ServerName, SigningKey)? = nil) async throws
        -> Event?
    {
        let state = try await graph.content(of: graph.tree.root)
        let predecessors = graph.ends.prefix(EventLimits.prevEvents)
        let depth = Event.depth(following: predecessors.map(\.event.depth), in: graph.version)
        return try draft.event(
            in: graph.version, of: graph.receipt.roomID, state: state, prev: predecessors.map(\.event.eventID),
            depth: depth, at: time + skew, by: (name, key), cosignedBy: cosigner)
    }
}

/// Something that a user wants to say.
struct Draft {
    var type: String
    var stateKey: String?
    var sender: UserID
    var content: JSONValue
    var redacts: EventID?

    /// The event, if a state allows it.
    func event(
        in version: RoomVersion, of roomID: RoomID, state: [StateKey: Event], prev: [EventID], depth: Int64,
        at time: Int64,
        by server: (ServerName, SigningKey), cosignedBy cosigner: (ServerName, SigningKey)? = nil
    ) throws -> Event? {
        let rules = AuthRules(version: version)
        var builder = try EventBuilder(
            version: version, roomID: roomID, type: type, stateKey: stateKey, sender: sender, content: content)
        builder.redacts = redacts
        builder.prevEvents = prev
        builder.depth = depth
        builder.originServerTS = max(time, 0)
        let document = try builder.contentDocument()
        builder.authEvents = rules.selection(
            type: type, stateKey: stateKey, sender: sender, content: document.root
        ).compactMap { state[$0]?.eventID }
        var event = try builder.signed(by: server.0, with: server.1)
        if let cosigner { event = try event.signed(by: cosigner.0, with: cosigner.1) }
        return rules.check(event, against: AuthStateMap(state.values)).isAllowed ? event : nil
    }
}
