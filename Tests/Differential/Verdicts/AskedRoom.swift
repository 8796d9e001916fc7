import MatrixCore

/// The events of a room as they were given, numbered in that order: auth events come before those that name them.
struct AskedRoom {
    let version: RoomVersion
    /// `nil` where the PDU is no event.
    private(set) var events: [Event?] = []
    private(set) var rejected: [Bool] = []
    private(set) var indices: [EventID: Int] = [:]
    /// What reading each PDU gave: an id and whether its hash is right, or why it is no event.
    private(set) var received: [JSONValue] = []
    /// The state events.
    private(set) var contents: [EventNID: ResolutionEvent] = [:]
    private var stateKeys: [StateKey: StateKeyNID] = [:]

    init(version: RoomVersion, events: JSONArrayView) throws(BadQuestion) {
        self.version = version
        for entry in events { add(try entry.required("pdu"), isRejected: entry["rejected"]?.bool ?? false) }
    }

    private mutating func add(_ pdu: JSONView, isRejected: Bool) {
        let index = events.count
        rejected.append(isRejected)
        let event: Event
        do {
            let found = try Event.receive(pdu, in: version)
            event = found.event
            received.append(["id": .string(event.eventID.description), "intact": .bool(found.isContentIntact)])
        } catch {
            events.append(nil)
            received.append(["refused": .string(String(describing: error))])
            return
        }
        events.append(event)
        if indices[event.eventID] == nil { indices[event.eventID] = index }
        guard let key = event.fullStateKey else { return }
        let keyNumber = stateKeys[key] ?? StateKeyNID(Int64(stateKeys.count) * 7 + 1)
        stateKeys[key] = keyNumber
        let number = Self.number(of: index)
        contents[number] = ResolutionEvent(
            number: number, event: event, stateKey: keyNumber,
            authEvents: event.authEvents.compactMap { indices[$0].map(Self.number) }, isRejected: isRejected)
    }

    func event(_ index: Int) throws(BadQuestion) -> Event {
        guard events.indices.contains(index), let event = events[index] else { throw BadQuestion("event") }
        return event
    }

    // Numbers have gaps, as those of a database have.
    static func number(of index: Int) -> EventNID { EventNID(Int64(index) * 3 + 10) }
    static func index(of number: EventNID) -> Int { Int((number.rawValue - 10) / 3) }
}

extension AskedRoom: ResolutionSource {
    func authEvents(of wanted: [EventNID]) async throws -> [EventNID: [EventNID]] {
        var found: [EventNID: [EventNID]] = [:]
        for number in wanted { found[number] = contents[number]?.authEvents }
        return found
    }

    func events(_ wanted: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
        var found: [EventNID: ResolutionEvent] = [:]
        for number in wanted { found[number] = contents[number] }
        return found
    }

    func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
        var found: [StateKey: StateKeyNID] = [:]
        for key in keys { found[key] = stateKeys[key] }
        return found
    }
}
