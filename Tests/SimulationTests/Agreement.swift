import MatrixCore

/// What honest servers must agree about.
enum Agreement {
    /// Everybody has the same events, rejected the same ones, and holds the same state before each: of all events that they
    /// placed without taking anybody's word.
    ///
    /// - Parameter whole: a server that never took anybody's word.
    static func aboutEvents(_ graphs: [MemoryGraph], and whole: MemoryGraph) async throws {
        var states = StateNames()
        for graph in graphs { try await aboutEvents(of: graph, and: whole, &states) }
    }

    private static func aboutEvents(
        of graph: MemoryGraph, and whole: MemoryGraph, _ states: inout StateNames
    ) async throws {
        for node in graph.order where node.isRooted {
            let id = node.eventID
            guard let twin = whole.node(id), twin.isRooted else { throw Disagreement("\(id) is not everywhere") }
            guard twin.isRejected == node.isRejected else {
                throw Disagreement("\(node.event.type) \(id) is rejected here and not there")
            }
            guard try states.isNew(node.stateBefore, in: graph, twin.stateBefore, in: whole) else { continue }
            let here = try await states.content(of: node.stateBefore, in: graph)
            for event in here.values where graph.node(event.eventID)?.isRejected != false {
                throw Disagreement("a rejected event is in the state before \(id)")
            }
            let there = try await states.content(of: twin.stateBefore, in: whole)
            guard here == there else {
                throw Disagreement("the states before \(node.event.type) \(id) differ: \(difference(here, there))")
            }
        }
        for node in whole.order where !graph.isPlaced(node.eventID) {
            throw Disagreement("\(node.event.type) \(node.eventID) has no place with somebody")
        }
    }

    /// All branches together, whoever soft-failed some of them, come to the same state everywhere.
    static func aboutLeaves(_ graphs: [MemoryGraph]) async throws {
        guard graphs.allSatisfy({ $0.order.allSatisfy(\.isRooted) }) else { return }
        var first: [StateKey: Event]?
        for var graph in graphs {
            let followed = Set(graph.order.filter { !$0.isRejected }.flatMap(\.event.prevEvents))
            let leaves = graph.order.filter { !$0.isRejected && !followed.contains($0.eventID) }
            // More than one resolution takes, and more than a room has ends.
            if leaves.count > EventReceipt.maxEnds { return }
            let root = try await graph.receipt.state(after: leaves, in: &graph).root
            let state = try await graph.content(of: root)
            if let first, first != state { throw Disagreement("all branches together: \(difference(first, state))") }
            first = state
        }
    }

    /// Whoever is at the same place has the same state there.
    ///
    /// - Returns: whether everybody is at the same place. What one server has soft-failed another may have accepted; when a
    ///   liar with enough power makes each of them believe that the others have left the room, they never take each other's
    ///   events for the present again. The specification leaves it at that.
    static func aboutNow(_ graphs: [MemoryGraph]) async throws -> Bool {
        var places: [Set<EventID>: [StateKey: Event]] = [:]
        var areRooted = true
        for graph in graphs {
            let ends = Set(graph.ends.map(\.eventID))
            let state = try await graph.content(of: graph.tree.root)
            guard graph.ends.allSatisfy(\.isRooted) else {
                areRooted = false
                continue
            }
            if let other = places.updateValue(state, forKey: ends), other != state {
                throw Disagreement("the states now differ: \(difference(state, other))")
            }
        }
        return areRooted && places.count == 1
    }

    /// What servers made of events on somebody's word, beside what the graph says of them.
    struct HearsayTally {
        var events = 0
        /// Rejected by hearsay and not by the graph, or the other way round.
        var otherVerdict = 0
        var otherState = 0
        /// Of honest servers, and rejected.
        var wronged = 0
        /// Rejected events in the states before others.
        var rejectedInStates = 0

        var differences: Int { otherVerdict + otherState + wronged + rejectedInStates }

        static func += (left: inout HearsayTally, right: HearsayTally) {
            left.events += right.events
            left.otherVerdict += right.otherVerdict
            left.otherState += right.otherState
            left.wronged += right.wronged
            left.rejectedInStates += right.rejectedInStates
        }
    }

    static func hearsay(
        of graph: MemoryGraph, against whole: MemoryGraph, lies: Set<Event>
    ) async throws -> HearsayTally {
        var tally = HearsayTally()
        var states = StateNames()
        for node in graph.order where !node.isRooted {
            tally.events += 1
            let here = try await states.content(of: node.stateBefore, in: graph)
            tally.rejectedInStates += here.values.count { graph.node($0.eventID)?.isRejected != false }
            if node.isRejected, !lies.contains(node.event) { tally.wronged += 1 }
            guard let twin = whole.node(node.eventID) else { continue }
            if twin.isRejected != node.isRejected { tally.otherVerdict += 1 }
            if try await states.content(of: twin.stateBefore, in: whole) != here { tally.otherState += 1 }
        }
        return tally
    }

    private static func difference(_ here: [StateKey: Event], _ there: [StateKey: Event]) -> String {
        Set(here.keys).union(there.keys).sorted().filter { here[$0] != there[$0] }.map {
            "\($0): \(here[$0]?.eventID.description ?? "none") or \(there[$0]?.eventID.description ?? "none")"
        }.joined(separator: ", ")
    }
}

/// States by the names of their events, each read once.
private struct StateNames {
    private struct Key: Hashable {
        let graph: ObjectIdentifier
        let root: StateRoot
    }

    private struct Pair: Hashable {
        let one: Key
        let other: Key
    }

    private var known: [Key: [StateKey: Event]] = [:]
    private var compared: Set<Pair> = []

    /// Whether two states were not compared before: most events are no state, and stand on that of the one before them.
    mutating func isNew(
        _ one: StateRoot?, in graph: MemoryGraph, _ other: StateRoot?, in another: MemoryGraph
    ) throws -> Bool {
        guard let one, let other else { throw Disagreement("an event without a place") }
        return compared.insert(
            Pair(
                one: Key(graph: graph.identity, root: one), other: Key(graph: another.identity, root: other))
        ).inserted
    }

    mutating func content(of root: StateRoot?, in graph: MemoryGraph) async throws -> [StateKey: Event] {
        guard let root else { throw Disagreement("an event without a place") }
        let key = Key(graph: graph.identity, root: root)
        if let found = known[key] { return found }
        let found = try await graph.content(of: root)
        known[key] = found
        return found
    }
}
