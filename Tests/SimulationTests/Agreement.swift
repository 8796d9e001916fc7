import MatrixCore

/// What honest servers must agree about.
enum Agreement {
    /// Everybody has the same events, rejected the same ones, and holds the same state before each.
    static func aboutEvents(_ graphs: [MemoryGraph]) async throws {
        guard let first = graphs.first else { return }
        var states = StateNames()
        for graph in graphs {
            for node in graph.order where !node.isRejected {
                let state = try await states.content(of: node.stateBefore, in: graph)
                for event in state.values where graph.node(event.eventID)?.isRejected != false {
                    throw Disagreement("a rejected event is in the state before \(node.eventID)")
                }
            }
        }
        for other in graphs.dropFirst() {
            for node in first.order {
                let id = node.eventID
                guard let twin = other.node(id) else { throw Disagreement("\(id) is not everywhere") }
                guard twin.isRejected == node.isRejected else {
                    throw Disagreement("\(node.event.type) \(id) is rejected here and not there")
                }
                let here = try await states.content(of: node.stateBefore, in: first)
                let there = try await states.content(of: twin.stateBefore, in: other)
                guard here == there else {
                    throw Disagreement("the states before \(node.event.type) \(id) differ: \(difference(here, there))")
                }
            }
            guard first.order.count == other.order.count else { throw Disagreement("somebody has other events") }
        }
    }

    /// All branches together, whoever soft-failed some of them, come to the same state everywhere.
    static func aboutLeaves(_ graphs: [MemoryGraph]) async throws {
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
        for graph in graphs {
            let ends = Set(graph.ends.map(\.eventID))
            let state = try await graph.content(of: graph.tree.root)
            if let other = places.updateValue(state, forKey: ends), other != state {
                throw Disagreement("the states now differ: \(difference(state, other))")
            }
        }
        return places.count == 1
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

    private var known: [Key: [StateKey: Event]] = [:]

    mutating func content(of root: StateRoot?, in graph: MemoryGraph) async throws -> [StateKey: Event] {
        guard let root else { throw Disagreement("an event without a place") }
        let key = Key(graph: graph.identity, root: root)
        if let found = known[key] { return found }
        let found = try await graph.content(of: root)
        known[key] = found
        return found
    }
}
