import MatrixCore
import Synchronization

/// One server's copy of a room, in memory, driven by the checks that the real servers make.
///
/// Numbers differ from server to server, as they do between databases: nothing that servers must agree on may depend on them.
struct MemoryGraph: RoomGraph {
    final class Node: GraphEvent {
        let event: Event
        let number: EventNID
        let stateKeyNumber: StateKeyNID?
        let stateBefore: StateRoot?
        let isRejected: Bool
        let isSoftFailed: Bool
        let authEvents: [EventNID]
        /// Whether it and all that can be reached from it got their places by the graph alone. Otherwise somebody's word for a
        /// state had a part in what was made of it, or an event without a place.
        let isRooted: Bool

        init(
            _ event: Event, number: EventNID, stateKey: StateKeyNID?, before: StateRoot?, verdict: ReceiptVerdict,
            authEvents: [EventNID], isRooted: Bool
        ) {
            self.event = event
            self.number = number
            stateKeyNumber = stateKey
            stateBefore = before
            self.authEvents = authEvents
            self.isRooted = isRooted
            switch verdict {
            case .accepted: (isRejected, isSoftFailed) = (false, false)
            case .softFailed: (isRejected, isSoftFailed) = (false, true)
            case .rejected: (isRejected, isSoftFailed) = (true, false)
            }
        }
    }

    struct Events: ResolutionSource {
        fileprivate(set) var nodes: [EventNID: Node] = [:]
        fileprivate(set) var stateKeys: [StateKey: StateKeyNID] = [:]

        func authEvents(of events: [EventNID]) async throws -> [EventNID: [EventNID]] {
            var found: [EventNID: [EventNID]] = [:]
            for number in events { found[number] = nodes[number]?.authEvents }
            return found
        }

        func events(_ numbers: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
            var found: [EventNID: ResolutionEvent] = [:]
            for number in numbers {
                guard let node = nodes[number], let key = node.stateKeyNumber else { continue }
                found[number] = ResolutionEvent(
                    number: number, event: node.event, stateKey: key, authEvents: node.authEvents,
                    isRejected: node.isRejected)
            }
            return found
        }

        func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
            var found: [StateKey: StateKeyNID] = [:]
            for key in keys { found[key] = stateKeys[key] }
            return found
        }
    }

    enum Receipt {
        case known
        case missing(MissingCitations)
        case judged(ReceiptVerdict)
        /// More ends than a room may have; it may be tried again.
        case deferred
    }

    /// What a server may do wrong, to see whether it would be noticed.
    enum Flaw { case forgetsRejections }

    let receipt: EventReceipt
    let version: RoomVersion
    private let flaw: Flaw?
    private(set) var source = Events()
    private(set) var tree: StateTree
    private(set) var ends: [Node] = []
    /// Those that have a place, in the order in which they got it.
    private(set) var order: [Node] = []
    private var numbers: [EventID: EventNID] = [:]
    private var statesAfter: [EventNID: StateRoot] = [:]
    private let packs = PackShelf()
    private var generator: SeededGenerator
    private var lastNumber: Int64 = 0

    init(create: Event, version: RoomVersion, seed: UInt64, flaw: Flaw? = nil) async throws {
        self.version = version
        self.flaw = flaw
        receipt = EventReceipt(roomID: create.roomID, version: version)
        generator = SeededGenerator(seed: seed)
        tree = StateTree(root: .empty, room: RoomNID(1), source: packs)
        let node = enter(create, authEvents: [], before: .empty, verdict: .accepted, isRooted: true)
        ends = [node]
        try await move()
    }

    /// What was made on the way is on the shelf by now, and need not be carried along.
    private mutating func move() async throws {
        let root = try await receipt.state(after: ends, in: &self).root
        tree = StateTree(root: root, room: RoomNID(1), source: packs)
    }

    // MARK: RoomGraph

    func known(_ ids: [EventID]) async throws -> [EventID: Node] {
        var found: [EventID: Node] = [:]
        for id in ids { found[id] = node(id) }
        return found
    }

    func newPackNumber() async throws -> PackNID { packs.nextNumber() }

    func keep(_ pack: StateUpdate.NewPack) { packs.keep(pack) }

    func rememberedState(after event: EventNID) -> StateTree? { statesAfter[event].map { tree.at($0) } }

    mutating func remember(_ state: StateTree, after event: EventNID) { statesAfter[event] = state.root }

    // MARK: Receiving

    func node(_ id: EventID) -> Node? { numbers[id].flatMap { source.nodes[$0] } }

    func isPlaced(_ id: EventID) -> Bool { node(id)?.stateBefore != nil }

    /// - Parameter given: the state before the event, as somebody tells it.
    mutating func receive(_ event: Event, given: EventReceipt.GivenState? = nil) async throws -> Receipt {
        switch try await receipt.judge(event, at: .present, given: given, in: &self) {
        case .known: return .known
        case .missing(let missing): return .missing(missing)
        case .judged(let judgement):
            let implied = receipt.impliedCreateEvent.map { [$0] } ?? []
            let basis = (event.prevEvents + event.authEvents + implied).compactMap { judgement.cited[$0] }
            if judgement.verdict == .accepted,
                event.authEvents.contains(where: { judgement.cited[$0]?.isRejected == true })
            {
                throw Disagreement("\(event.type) \(event.eventID) cites what was rejected, and is accepted")
            }
            let left: [Node]
            do {
                let isAccepted = judgement.verdict == .accepted
                left = isAccepted ? try await receipt.ends(leftBy: event, cited: judgement.cited, in: self) : ends
            } catch ReceiptError.tooManyEnds {
                return .deferred
            }
            let node = enter(
                event, authEvents: event.authEvents.compactMap { judgement.cited[$0]?.number },
                before: judgement.before.root, verdict: judgement.verdict,
                isRooted: given == nil && basis.allSatisfy(\.isRooted))
            if judgement.verdict == .accepted {
                ends = left + [node]
                try await move()
            }
            return .judged(judgement.verdict)
        }
    }

    /// Takes in events that have no place here, as `RoomService.store(outliers:)` does.
    mutating func store(outliers: [Event]) async throws {
        let create = order.first.map { AuthRules.AuthEvent(event: $0.event, isRejected: false) }
        let new = outliers.filter { numbers[$0.eventID] == nil && $0.roomID == receipt.roomID }
        for event in EventOrder.sort(
            byAuthEvents: new, above: Set(numbers.keys), create: receipt.impliedCreateEvent)
        {
            let cited = event.authEvents.compactMap(node)
            let refusal = receipt.refusal(of: event, by: cited.map(\.asAuthEvent), create: create)
            _ = enter(
                event, authEvents: cited.map(\.number), before: nil,
                verdict: refusal.map { .rejected($0) } ?? .accepted, isRooted: false)
        }
    }

    /// The state that somebody tells, of those of its events that are here and were not rejected, as `RemoteState` makes it.
    ///
    /// - Returns: `nil` when it cannot be one.
    func state(told ids: [EventID]) async throws -> EventReceipt.GivenState? {
        var held: [StateKeyNID: EventNID] = [:]
        for node in ids.compactMap(node) where !node.isRejected {
            guard let key = node.stateKeyNumber,
                held.updateValue(node.number, forKey: key) ?? node.number == node.number
            else { return nil }
        }
        guard let create = source.stateKeys[.create], held[create] != nil else { return nil }
        let changes = held.map { StateChange(key: $0.key, event: $0.value) }
        let update = try await tree.at(.empty).applying(changes, newPack: packs.nextNumber())
        return EventReceipt.GivenState(root: update.root, packs: update.pack.map { [$0] } ?? [])
    }

    private mutating func enter(
        _ event: Event, authEvents: [EventNID], before: StateRoot?, verdict: ReceiptVerdict, isRooted: Bool
    ) -> Node {
        var verdict = verdict
        if flaw == .forgetsRejections, case .rejected(let refusal) = verdict { verdict = .softFailed(refusal) }
        // An outlier that gets its place keeps its number.
        if numbers[event.eventID] == nil { lastNumber += 1 + Int64(generator.number(below: 4)) }
        let number = numbers[event.eventID] ?? EventNID(lastNumber)
        var key: StateKeyNID?
        if let name = event.fullStateKey {
            key = source.stateKeys[name] ?? StateKeyNID(Int64(generator.next() >> 2))
            source.stateKeys[name] = key
        }
        let node = Node(
            event, number: number, stateKey: key, before: before, verdict: verdict, authEvents: authEvents.sorted(),
            isRooted: isRooted)
        source.nodes[number] = node
        numbers[event.eventID] = number
        if before != nil { order.append(node) }
        return node
    }

    // MARK: Looking

    /// Tells servers apart.
    var identity: ObjectIdentifier { ObjectIdentifier(packs) }

    /// The events of a state by their names, which are the same on every server.
    func content(of root: StateRoot) async throws -> [StateKey: Event] {
        var found: [StateKey: Event] = [:]
        for entry in try await tree.at(root).entries() {
            guard let node = source.nodes[entry.event], let key = node.event.fullStateKey,
                node.stateKeyNumber == entry.key
            else { throw Disagreement("a state names an event that is none of its own") }
            found[key] = node.event
        }
        return found
    }

    mutating func content(after node: Node) async throws -> [StateKey: Event] {
        guard let after = try await receipt.stateAfter(node, in: &self) else { return [:] }
        return try await content(of: after.root)
    }
}

/// The packs that one server has stored.
private final class PackShelf: StateNodeSource {
    private let packs = Mutex<(kept: [PackNID: StatePack], last: Int64)>(([:], 0))

    func nextNumber() -> PackNID {
        packs.withLock {
            $0.last += 1
            return PackNID($0.last)
        }
    }

    func keep(_ pack: StateUpdate.NewPack) { packs.withLock { $0.kept[pack.number] = pack.pack } }

    func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? { packs.withLock { $0.kept[id] } }

    func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] {
        packs.withLock { packs in packs.kept.filter { ids.contains($0.key) } }
    }
}

/// What must not be.
struct Disagreement: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
