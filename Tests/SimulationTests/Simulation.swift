import MatrixCore

/// A federation in one process: servers that build, send, lose, judge and resolve, driven by nothing but a seed.
///
/// What every server does with an event is what the real ones do: `EventReceipt`, `SignatureCheck` and the state resolution
/// behind them. Around them is a network that misbehaves, and one server that lies.
struct Simulation {
    struct Plan: Sendable, CustomStringConvertible {
        let version: RoomVersion
        let seed: UInt64
        var hearsay = Hearsay.none

        var description: String { "room version \(version), seed \(seed), hearsay of \(hearsay)" }
    }

    /// What happened in a run.
    struct Tally {
        var events = 0
        var rejected = 0
        var softFailed = 0
        var merges = 0
        var unsettled = 0
        /// Runs after which honest servers took different branches for the present.
        var separated = 0
        /// What came of taking others at their word.
        var hearsay = Agreement.HearsayTally()

        static func += (left: inout Tally, right: Tally) {
            left.events += right.events
            left.rejected += right.rejected
            left.softFailed += right.softFailed
            left.merges += right.merges
            left.unsettled += right.unsettled
            left.separated += right.separated
            left.hearsay += right.hearsay
        }
    }

    /// Deliveries and actions after which a run has gone wrong, not on.
    private static let maxSteps = 4_000
    private static let maxHealingRounds = 50

    let plan: Plan
    private let honest: HonestBehaviour
    private let lying: LyingBehaviour
    private let liar: Int
    private let signs: Bool
    /// Whether what the liar kept back comes out in the end.
    private let confesses: Bool
    private let targetEvents: Int
    private let keys: [SignatureCheck.KeyName: Ed25519PublicKey]
    private var servers: [SimulatedServer]
    private var network: SimulatedNetwork
    private var generator: SeededGenerator
    private var time: Int64 = 1_000
    /// What the liar made, and may have told to some.
    private var lies: [Event] = []
    private var made: [Event] = []
    /// What honest servers made without taking anybody's word for what they built on.
    private var founded: Set<EventID> = []

    /// - Parameter flaw: what one of the honest servers does wrong.
    init(_ plan: Plan, flaw: MemoryGraph.Flaw? = nil) async throws {
        self.plan = plan
        var generator = SeededGenerator(seed: plan.seed)
        let count = 3 + generator.number(below: 2)
        // Whose room it is may lie as well.
        liar = generator.number(below: count)
        signs = generator.isLucky(25)
        confesses = generator.isLucky(50)
        targetEvents = 25 + generator.number(below: 35)
        honest = HonestBehaviour(
            version: plan.version, servers: count,
            anchors: Set(try (0..<count).map { try SimulatedServer.users($0)[0] }))
        lying = LyingBehaviour(version: plan.version, servers: count)
        network = SimulatedNetwork(servers: count)
        // Who waits for nothing bridges nothing.
        if plan.hearsay != .none { network.lossPercent = 25 }
        var keys: [SignatureCheck.KeyName: Ed25519PublicKey] = [:]
        for index in 0..<count {
            let key = try SimulatedServer.key(index)
            keys[SignatureCheck.KeyName(server: try SimulatedServer.name(index), id: key.id)] = key.publicKey
        }
        self.keys = keys
        let beginning = try await RoomBeginning.events(plan.version, servers: count, &generator)
        servers = []
        for index in 0..<count {
            var graph = try await MemoryGraph(
                create: beginning[0], version: plan.version, seed: generator.next(),
                flaw: index == (liar + 1) % count ? flaw : nil)
            for event in beginning.dropFirst() {
                guard case .judged(.accepted) = try await graph.receive(event) else {
                    throw Disagreement("the room's first events are not accepted")
                }
            }
            let skew = Int64(generator.number(below: 60)) - 30
            servers.append(try SimulatedServer(index: index, graph: graph, skew: skew))
        }
        self.generator = generator
    }

    /// Runs all of it.
    ///
    /// - Throws: ``Disagreement`` when servers that should agree do not.
    mutating func run() async throws -> Tally {
        for _ in 0..<Self.maxSteps where made.count < targetEvents { try await step() }
        try await heal()
        try await meet()
        let graphs = honestServers.map(\.graph)
        let whole = try await inOtherOrder(graphs)
        // What is true where an event is made is true everywhere.
        for node in whole.order where node.isRejected && founded.contains(node.eventID) {
            throw Disagreement("\(node.event.type) \(node.eventID) of an honest server is rejected")
        }
        try await Agreement.aboutEvents(graphs, and: whole)
        try await Agreement.aboutLeaves(graphs)
        let isTogether = try await Agreement.aboutNow(graphs)
        var tally = tally(isTogether)
        for graph in graphs { tally.hearsay += try await Agreement.hearsay(of: graph, against: whole, lies: Set(lies)) }
        return tally
    }

    private var honestIndices: [Int] { servers.indices.filter { $0 != liar } }
    private var honestServers: [SimulatedServer] { honestIndices.map { servers[$0] } }

    func transcript() async throws -> [String] { try await Transcript.lines(honestServers.map(\.graph)) }

    // MARK: Trouble

    private mutating func step() async throws {
        time += Int64(generator.number(below: 4))
        switch generator.number(below: 100) {
        case 0...1: network.part(&generator)
        case 2...3: network.unite()
        case 4...24: try await act(honestIndices[generator.number(below: honestIndices.count)])
        case 25...32: try await lie()
        case 33...40 where plan.hearsay != .none && generator.isLucky(50): try await believe()
        case 33...40: ask()
        default: try await deliver()
        }
    }

    private mutating func act(_ index: Int) async throws {
        let state = try await servers[index].graph.content(of: servers[index].graph.tree.root)
        guard let draft = try honest.draft(by: servers[index], state: state, said: made, &generator) else { return }
        var cosigner: (ServerName, SigningKey)?
        if let authorising = draft.content["join_authorised_via_users_server"]?.string.flatMap(UserID.init),
            let other = servers.first(where: { $0.name == authorising.serverName }), other.index != index
        {
            cosigner = (other.name, other.key)
        }
        guard let event = try await servers[index].build(draft, at: time, cosignedBy: cosigner) else { return }
        try await servers[index].receive(event)
        made.append(event)
        note(event, madeBy: index)
        for other in servers.indices where other != index { send([event], from: index, to: other) }
    }

    private mutating func lie() async throws {
        let events = try await lying.lies(by: &servers[liar], at: time, &generator)
        for event in events where event.roomID == servers[liar].graph.receipt.roomID {
            try await servers[liar].receive(event)
            lies.append(event)
            made.append(event)
            // Everybody is told something else.
            for other in honestIndices where generator.isLucky(45) { send([event], from: liar, to: other) }
        }
        // Something old again, to somebody who should not have heard of it.
        if let event = generator.pick(lies), generator.isLucky(20) {
            send([event], from: liar, to: honestIndices[generator.number(below: honestIndices.count)])
        }
    }

    /// Somebody asks somebody for what is missing.
    private mutating func ask() {
        let index = honestIndices[generator.number(below: honestIndices.count)]
        let wanted = servers[index].wanted
        let others = servers.indices.filter { $0 != index }
        if !wanted.isEmpty {
            network.send(.request(wanted), from: index, to: others[generator.number(below: others.count)])
        }
    }

    /// Somebody gives up on what is missing, and lets somebody else tell what came of it.
    private mutating func believe() async throws {
        let index = honestIndices[generator.number(below: honestIndices.count)]
        let tellers = servers.indices.filter { $0 != index && ($0 != liar || plan.hearsay == .anybody) }
        guard let event = generator.pick(servers[index].waiting)?.event, let teller = generator.pick(tellers) else {
            return
        }
        let told =
            teller == liar
            ? try await servers[teller].lie(before: event, lies: lies, &generator)
            : try await servers[teller].truth(before: event)
        if let told { try await servers[index].bridge(event, by: told) }
    }

    private mutating func send(_ events: [Event], from sender: Int, to receiver: Int) {
        let parcels = events.map { event -> SimulatedNetwork.Parcel in
            guard signs else { return .event(event) }
            if sender == liar, generator.isLucky(25) { return .bytes(damaged(event)) }
            return .bytes(event.bytes)
        }
        network.send(.events(parcels), from: sender, to: receiver)
    }

    /// What must be dropped, or must come to the same as if it were whole.
    private mutating func damaged(_ event: Event) -> [UInt8] {
        switch generator.number(below: 3) {
        case 0: return lying.tampered(event)
        case 1:
            var value = event.json.value()
            value["signatures"] = [:]
            return value.canonicalBytes
        default:
            var value = event.json.value()
            value["depth"] = .integer(event.depth / 2 + 1)
            return value.canonicalBytes
        }
    }

    private mutating func deliver() async throws {
        guard let message = network.next(&generator) else { return }
        switch message.payload {
        case .request(let ids): answer(ids, to: message)
        case .events(let parcels):
            for parcel in parcels {
                guard let event = open(parcel) else { continue }
                try await servers[message.to].receive(event)
            }
        }
    }

    private func open(_ parcel: SimulatedNetwork.Parcel) -> Event? {
        switch parcel {
        case .event(let event): return event
        case .bytes(let bytes):
            guard let document = try? JSONDocument(parsing: bytes),
                let event = try? Event.receive(document.root, in: plan.version).event,
                SignatureCheck.failure(of: event, keys: keys) == nil
            else { return nil }
            return event
        }
    }

    private mutating func answer(_ ids: [EventID], to request: SimulatedNetwork.Message) {
        let server = servers[request.to]
        var found = ids.compactMap { id in
            server.event(id) ?? (request.to == liar ? lies.first { $0.eventID == id } : nil)
        }
        if request.to == liar {
            // It leaves out, adds what nobody asked for, or says nothing.
            if generator.isLucky(40) { return }
            if generator.isLucky(30) { found = Array(found.dropFirst()) }
            if generator.isLucky(30), let lie = generator.pick(lies) { found.append(lie) }
        }
        if !found.isEmpty { send(found, from: request.to, to: request.from) }
    }

    // MARK: Healing

    /// Everybody gets what anybody honest has, in whatever order.
    private mutating func heal() async throws {
        network.unite()
        network.lossPercent = 0
        network.repetitionPercent = 0
        while !network.isQuiet { try await deliver() }
        var isNew = true
        var rounds = 0
        while isNew {
            isNew = false
            rounds += 1
            guard rounds <= Self.maxHealingRounds else { throw Disagreement("some events never find their place") }
            for index in honestIndices {
                var events = honestServers.flatMap { $0.graph.order.map(\.event) }
                if confesses { events += lies }
                var seen: Set<EventID> = []
                events.removeAll { servers[index].isAtHand($0.eventID) || !seen.insert($0.eventID).inserted }
                for event in events.shuffled(using: &generator) { try await servers[index].receive(event) }
                try await servers[index].retry()
                if !events.isEmpty { isNew = true }
            }
        }
    }

    /// A server that gets everything in yet another order, and asks nobody what to make of it.
    private mutating func inOtherOrder(_ graphs: [MemoryGraph]) async throws -> MemoryGraph {
        var seen: Set<EventID> = []
        var events = graphs.flatMap { $0.order.map(\.event) }.filter { seen.insert($0.eventID).inserted }
        let create = events.removeFirst()
        let empty = try await MemoryGraph(create: create, version: plan.version, seed: generator.next())
        var other = try SimulatedServer(index: 0, graph: empty, skew: 0)
        for event in events.shuffled(using: &generator) { try await other.receive(event) }
        try await other.retry()
        return other.graph
    }

    /// Servers may have soft-failed different events, so that they have different ends. Once everybody has said something
    /// that all others heard, they mostly have the same.
    private mutating func meet() async throws {
        for _ in 0..<2 {
            for index in honestIndices {
                time += 1
                guard let event = try await greeting(of: servers[index]) else { continue }
                for other in honestIndices { try await servers[other].receive(event) }
                note(event, madeBy: index)
            }
        }
    }

    private mutating func note(_ event: Event, madeBy index: Int) {
        if servers[index].graph.node(event.eventID)?.isRooted == true { founded.insert(event.eventID) }
    }

    private func greeting(of server: SimulatedServer) async throws -> Event? {
        for user in server.users {
            let draft = Draft(type: EventType.message, sender: user, content: ["body": "hello"])
            if let event = try await server.build(draft, at: time) { return event }
        }
        return nil
    }

    private func tally(_ isTogether: Bool) -> Tally {
        var tally = Tally()
        for server in honestServers {
            tally.events += server.graph.order.count
            tally.rejected += server.graph.order.count { $0.isRejected }
            tally.softFailed += server.graph.order.count { $0.isSoftFailed }
            tally.merges += server.graph.order.count { $0.event.prevEvents.count > 1 }
            tally.unsettled += server.waiting.count
        }
        tally.separated = isTogether ? 0 : 1
        return tally
    }
}
