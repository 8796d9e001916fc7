import MatrixCore
import Storage

/// Events of other servers: the checks on receipt beyond form, hashes and signatures, which were made before.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
extension WorkingBatch {
    mutating func receive(_ event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        let placing: Placing
        switch try await place(event, options) {
        case .placed(let found): placing = found
        case .settled(let result): return result
        }
        // Step 6: by the current state, which a back-dated event cannot choose.
        let rules = AuthRules(version: try roomVersion())
        if !extremities.isEmpty, !options.beginsAnew,
            case .refused(let refusal) = rules.check(event, against: try await authState(for: event, rules, in: tree))
        {
            _ = try await enter(
                event, known: placing.known, flags: .softFailed, stateBefore: placing.before.root, isLive: false)
            return .softFailed(refusal)
        }
        // When somebody of ours was faster, the room is already of the present.
        if options.beginsAnew, localMembers.isEmpty { setExtremities([]) }
        return .written([try await accept(event, placing, isRelayed: options.isRelayed)])
    }

    /// An event of the room's past: it gets its place in the graph, and changes nothing of the present.
    mutating func receive(history event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        switch try await place(event, options) {
        case .settled(let result): return result
        case .placed(let placing):
            let entered = try await enter(
                event, known: placing.known, flags: [], stateBefore: placing.before.root, isLive: false)
            if let redacted = try await redactionTarget(event, state: [:]) {
                note(redaction: redacted, by: entered.nid)
            }
            return .written([entered])
        }
    }

    /// Where an event stands: what it cites, and the state before it.
    private struct Placing {
        let known: [EventID: RoomEvent]
        let before: StateTree
    }

    private enum Placed {
        case placed(Placing)
        /// There is nothing more to do with it.
        case settled(RoomWriteResult)
    }

    /// Steps 4 and 5 of the checks: may the event be where it says it is?
    private mutating func place(_ event: Event, _ options: RemoteEventOptions) async throws -> Placed {
        let implied = room.roomID.createEventID.map { [$0] } ?? []
        let known = try await found(event.prevEvents + event.authEvents + implied + [event.eventID])
        if let earlier = known[event.eventID], !earlier.stored.flags.contains(.outlier) {
            return .settled(.unchanged([earlier]))
        }
        let missingAuth = (event.authEvents + implied).filter { known[$0] == nil }
        let missingPrevious = event.prevEvents.filter { known[$0].map { $0.stored.stateBefore == nil } ?? true }
        let needsPredecessors = options.stateBefore == nil && !missingPrevious.isEmpty
        guard missingAuth.isEmpty, !needsPredecessors else {
            return .settled(
                .missing(predecessors: needsPredecessors ? missingPrevious : [], authEvents: missingAuth))
        }
        // Step 4: by its auth events.
        let rules = AuthRules(version: try roomVersion())
        var create = implied.first.flatMap { known[$0] }
        if create == nil { create = try await state([.create])[.create] }
        let authority = EventAuthority(rules: rules, create: create)
        if let refusal = authority.refusal(of: event, by: event.authEvents.compactMap { known[$0] }) {
            return .settled(try await reject(event, known: known, because: refusal, stateBefore: nil))
        }
        // Step 5: by the state before it.
        for pack in options.packs { keep(pack) }
        let before = try await stateBefore(event, known: known, options)
        if case .refused(let refusal) = rules.check(event, against: try await authState(for: event, rules, in: before))
        {
            return .settled(try await reject(event, known: known, because: refusal, stateBefore: before.root))
        }
        return .placed(Placing(known: known, before: before))
    }

    /// The events of the room with these ids that there are, in the batch or in the database.
    private func found(_ ids: [EventID]) async throws -> [EventID: RoomEvent] {
        var found = try await reader.events.events(Array(Set(ids)), in: room)
        for event in madeEvents where ids.contains(event.eventID) { found[event.eventID] = event }
        return found
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

    private mutating func accept(_ event: Event, _ placing: Placing, isRelayed: Bool) async throws -> RoomEvent {
        let entered = try await enter(
            event, known: placing.known, flags: isRelayed ? .relayed : [], stateBefore: placing.before.root,
            isLive: true)
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
        // An outlier's own place is not known: history goes on there all the same.
        let unplaced = event.prevEvents.filter { known[$0].map { $0.stored.stateBefore == nil } ?? true }
        note(missing: unplaced.map { ($0, nid) })
        return note(
            NewEvent(
                nid: nid, event: event, isLive: isLive, senderNID: sender.nid, stateKeyNID: stateKeyNID, flags: flags,
                stateBefore: stateBefore, authEvents: auth), event)
    }
}
