import MatrixCore
import Storage

/// Events of other servers: the checks on receipt beyond form, hashes and signatures, which were made before.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
extension WorkingBatch {
    mutating func receive(_ event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        let version = try roomVersion()
        let known = try await found(event.prevEvents + event.authEvents + [event.eventID])
        if let earlier = known[event.eventID], !earlier.stored.flags.contains(.outlier) { return .unchanged([earlier]) }

        let missingAuth = event.authEvents.filter { known[$0] == nil }
        let missingPrevious = event.prevEvents.filter { known[$0].map { $0.stored.stateBefore == nil } ?? true }
        let needsPredecessors = options.stateBefore == nil && !missingPrevious.isEmpty
        guard missingAuth.isEmpty, !needsPredecessors else {
            return .missing(predecessors: needsPredecessors ? missingPrevious : [], authEvents: missingAuth)
        }

        // Step 4: by its auth events.
        let rules = AuthRules(version: version)
        let authEvents = event.authEvents.compactMap { known[$0] }
        if let refusal = try await refusal(of: event, byAuthEvents: authEvents, rules) {
            return try await reject(event, known: known, because: refusal, stateBefore: nil)
        }
        // Step 5: by the state before it.
        for pack in options.packs { keep(pack) }
        let before = try await stateBefore(event, known: known, options)
        if case .refused(let refusal) = rules.check(event, against: try await authState(for: event, rules, in: before))
        {
            return try await reject(event, known: known, because: refusal, stateBefore: before.root)
        }
        // Step 6: by the current state, which a back-dated event cannot choose.
        if case .refused(let refusal) = rules.check(event, against: try await authState(for: event, rules, in: tree)),
            !extremities.isEmpty
        {
            _ = try await enter(event, known: known, flags: .softFailed, stateBefore: before.root, isLive: false)
            return .softFailed(refusal)
        }
        return .written([try await accept(event, known: known, before: before)])
    }

    /// The events of the room with these ids that there are, in the batch or in the database.
    private func found(_ ids: [EventID]) async throws -> [EventID: RoomEvent] {
        var found = try await reader.events.events(Array(Set(ids)), in: room)
        for event in madeEvents where ids.contains(event.eventID) { found[event.eventID] = event }
        return found
    }

    private func refusal(
        of event: Event, byAuthEvents authEvents: [RoomEvent], _ rules: AuthRules
    ) async throws -> AuthRefusal? {
        func entry(_ event: RoomEvent) -> AuthRules.AuthEvent {
            AuthRules.AuthEvent(event: event.event, isRejected: event.stored.flags.contains(.rejected))
        }
        let create = try await state([.create])[.create]
        if let refusal = rules.checkAuthEvents(of: event, authEvents.map(entry), create: create.map(entry)).refusal {
            return refusal
        }
        var state = AuthStateMap(authEvents.map(\.event))
        if let create { state.insert(create.event) }
        return rules.check(event, against: state).refusal
    }

    private func authState(for event: Event, _ rules: AuthRules, in tree: StateTree) async throws -> AuthStateMap {
        AuthStateMap(try await state(rules.selection(for: event) + [.create], in: tree).values.map(\.event))
    }

    private mutating func stateBefore(
        _ event: Event, known: [EventID: RoomEvent], _ options: RemoteEventOptions
    ) async throws -> StateTree {
        if let given = options.stateBefore { return tree.at(given) }
        var trees: [StateTree] = []
        for id in event.prevEvents {
            if let previous = known[id], let after = try await stateAfter(previous) { trees.append(after) }
        }
        return try await resolve(trees)
    }

    /// The state after an event whose state before it is known.
    mutating func stateAfter(_ event: RoomEvent) async throws -> StateTree? {
        guard let before = event.stored.stateBefore else { return nil }
        let tree = self.tree.at(before)
        guard let key = event.stored.stateKeyNID, !event.stored.flags.contains(.rejected) else { return tree }
        return try await made(
            try await tree.applying(
                [StateChange(key: key, event: event.nid)], newPack: try await services.numbers.pack()))
    }

    /// One state out of those that several branches lead to.
    mutating func resolve(_ trees: [StateTree]) async throws -> StateTree {
        guard let first = trees.first else { return tree.at(.empty) }
        let distinct = trees.dropFirst().reduce(into: [first]) { distinct, tree in
            if !distinct.contains(where: { $0.root == tree.root }) { distinct.append(tree) }
        }
        if distinct.count == 1 { return first }
        let changes = try await StateMerge(batch: self).changes(merging: distinct)
        return try await made(try await first.applying(changes, newPack: try await services.numbers.pack()))
    }

    private mutating func made(_ update: StateUpdate) async throws -> StateTree {
        if let pack = update.pack { keep(pack) }
        return update.tree
    }

    // MARK: Entering the graph

    private mutating func accept(
        _ event: Event, known: [EventID: RoomEvent], before: StateTree
    ) async throws -> RoomEvent {
        let entered = try await enter(event, known: known, flags: [], stateBefore: before.root, isLive: true)
        let covered = Set(event.prevEvents)
        setExtremities(extremities.filter { !covered.contains($0.eventID) } + [entered])
        var after: [StateTree] = []
        for extremity in extremities {
            if let tree = try await stateAfter(extremity) { after.append(tree) }
        }
        try await move(to: try await resolve(after))
        return entered
    }

    private mutating func reject(
        _ event: Event, known: [EventID: RoomEvent], because refusal: AuthRefusal, stateBefore: StateRoot?
    ) async throws -> RoomWriteResult {
        let flags: EventFlags = stateBefore == nil ? [.rejected, .outlier] : .rejected
        _ = try await enter(event, known: known, flags: flags, stateBefore: stateBefore, isLive: false)
        return .rejected(refusal)
    }

    private mutating func enter(
        _ event: Event, known: [EventID: RoomEvent], flags: EventFlags, stateBefore: StateRoot?, isLive: Bool
    ) async throws -> RoomEvent {
        let auth = event.authEvents.compactMap { known[$0]?.nid }.sorted()
        let previous = event.prevEvents.compactMap { known[$0]?.nid }
        let nid: EventNID
        if let earlier = known[event.eventID] {
            nid = earlier.nid
        } else if let fresh = try await services.numbers.events(1, above: (auth + previous).max()).first {
            nid = fresh
        } else {
            throw StorageError.missing("event number")
        }
        let sender = try await reader.interning.user(event.sender)
        let stateKeyNID: StateKeyNID? =
            if let key = event.fullStateKey { try await reader.interning.stateKey(key) } else { nil }
        var flags = flags
        if isLive, let stateBefore {
            let decision = try await notify(event, nid, before: tree.at(stateBefore))
            if decision.notifiesByDefault { flags.insert(.notifies) }
            note(notifications: decision.exceptions)
            if let redacted = try await redactionTarget(event, state: [:]) { note(redaction: redacted, by: nid) }
        }
        note(missing: event.prevEvents.filter { known[$0] == nil }.map { ($0, nid) })
        return note(
            NewEvent(
                nid: nid, event: event, isLive: isLive, senderNID: sender.nid, stateKeyNID: stateKeyNID, flags: flags,
                stateBefore: stateBefore, authEvents: auth), event)
    }
}
