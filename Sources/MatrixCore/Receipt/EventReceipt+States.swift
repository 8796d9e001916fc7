/// The states that checks are made against.
extension EventReceipt {
    /// The events that hold some keys in a state.
    nonisolated(nonsending) func state<Graph: RoomGraph>(
        _ keys: [StateKey], of tree: StateTree, in graph: Graph
    ) async throws -> [StateKey: ResolutionEvent] {
        let numbers = try await graph.source.stateKeyNumbers(of: keys)
        let held = try await tree.events(for: Array(numbers.values))
        let events = try await graph.source.events(Array(held.values))
        var found: [StateKey: ResolutionEvent] = [:]
        for (key, number) in numbers {
            guard let holder = held[number] else { continue }
            // A state that is read with holes would allow what the whole one forbids.
            guard let event = events[holder] else { throw ResolutionError.missingEvent(holder) }
            // Only a state that others told can hold one: an outlier that turned out to be rejected where it stands.
            if !event.isRejected { found[key] = event }
        }
        return found
    }

    /// The state before an event: that after all of its predecessors together.
    nonisolated(nonsending) func stateBefore<Graph: RoomGraph>(
        _ event: Event, cited: [EventID: Graph.Node], given: StateRoot?, in graph: inout Graph
    ) async throws -> StateTree {
        if given == nil, !graph.ends.isEmpty, Set(event.prevEvents) == Set(graph.ends.map(\.eventID)) {
            return graph.tree
        }
        // What a server says of the state does not take away what we know to come before.
        var trees = given.map { [graph.tree.at($0)] } ?? []
        for id in event.prevEvents {
            if let previous = cited[id], let after = try await stateAfter(previous, in: &graph) { trees.append(after) }
        }
        return try await resolve(trees, in: &graph)
    }

    /// The state after an event, if its place is known. A rejected event leaves the state as it is.
    nonisolated(nonsending) package func stateAfter<Graph: RoomGraph>(
        _ node: Graph.Node, in graph: inout Graph
    ) async throws -> StateTree? {
        guard let before = node.stateBefore else { return nil }
        let tree = graph.tree.at(before)
        guard let key = node.stateKeyNumber, !node.isRejected else { return tree }
        if let known = graph.rememberedState(after: node.number) { return known }
        let change = StateChange(key: key, event: node.number)
        let after = try await keeping(
            tree.applying([change], newPack: try await graph.newPackNumber()), in: &graph)
        graph.remember(after, after: node.number)
        return after
    }

    /// The room's state when its graph ends with these events.
    nonisolated(nonsending) package func state<Graph: RoomGraph>(
        after ends: [Graph.Node], in graph: inout Graph
    ) async throws -> StateTree {
        var trees: [StateTree] = []
        for end in ends {
            if let after = try await stateAfter(end, in: &graph) { trees.append(after) }
        }
        return try await resolve(trees, in: &graph)
    }

    /// One state out of those that several branches lead to. All at once: brought together one after the other they could
    /// come to something else, and not everybody has the same order.
    nonisolated(nonsending) package func resolve<Graph: RoomGraph>(
        _ trees: [StateTree], in graph: inout Graph
    ) async throws -> StateTree {
        guard let first = trees.first else { return graph.tree.at(.empty) }
        let others = trees.dropFirst().filter { $0.root != first.root }
        if others.isEmpty { return first }
        guard let create = try await createEvent(of: [graph.tree, first], in: graph) else {
            throw ReceiptError.stateWithoutCreateEvent
        }
        let resolver = StateResolver(version: version, create: create.event, source: graph.source)
        let changes = try await resolver.resolve(first, with: Array(others))
        return try await keeping(
            first.applying(changes, newPack: try await graph.newPackNumber()), in: &graph)
    }

    /// The room's create event: that of our own state, if we have one, and not what others tell.
    nonisolated(nonsending) func createEvent<Graph: RoomGraph>(
        of trees: [StateTree], in graph: Graph
    ) async throws -> ResolutionEvent? {
        for tree in trees where !tree.root.isEmpty {
            if let create = try await state([.create], of: tree, in: graph)[.create] { return create }
        }
        return nil
    }

    private nonisolated(nonsending) func keeping<Graph: RoomGraph>(
        _ update: StateUpdate, in graph: inout Graph
    ) async throws -> StateTree {
        if let pack = update.pack { graph.keep(pack) }
        return update.tree
    }
}

/// Why an event could not be checked. It says nothing about the event.
package enum ReceiptError: Error, Hashable, Sendable {
    /// A stored state that no room can have.
    case stateWithoutCreateEvent
    /// Others have pulled the room into too many directions; it gets better when somebody brings them together.
    case tooManyEnds
}
