import MatrixCore
import Storage

/// Events of other servers: the checks on receipt beyond form, hashes and signatures, which were made before.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
extension WorkingBatch {
    mutating func receive(_ event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        if event.type == EventType.create { return try await receive(create: event) }
        let placing: Placing
        switch try await place(event, options) {
        case .placed(let found): placing = found
        case .settled(let result): return result
        }
        // Step 6: by the current state, which a back-dated event cannot choose.
        if !options.beginsAnew, let refusal = try await refusal(of: event, placing.before, options) {
            try options.refuse(refusal)
            _ = try await enter(
                event, known: placing.known, flags: .softFailed, stateBefore: placing.before.root, isLive: false)
            return .softFailed(refusal)
        }
        // When somebody of ours was faster, the room is already of the present.
        if options.beginsAnew, localMembers.isEmpty { setExtremities([]) }
        return .written([try await accept(event, placing, isRelayed: options.isRelayed)])
    }

    /// Why the current state refuses an event.
    private mutating func refusal(
        of event: Event, _ before: StateTree, _ options: RemoteEventOptions
    ) async throws -> AuthRefusal? {
        if extremities.isEmpty { return nil }
        // After a gap ours may be old: then it is what our state and that of the event make together.
        let current = options.stateBefore == nil ? tree : try await resolve([tree, before])
        let rules = AuthRules(version: try roomVersion())
        return rules.check(event, against: try await authState(for: event, rules, in: current)).refusal
    }

    /// A create event that comes as if it were new. The room has begun already; by the rules alone another beginning would be
    /// allowed, and would take part in the resolution of the state.
    private mutating func receive(create event: Event) async throws -> RoomWriteResult {
        let known = try await found([event.eventID])
        if let earlier = known[event.eventID] { return .unchanged([earlier]) }
        let refusal = AuthRefusal(rule: "1", reason: "the room has another create event")
        return try await reject(event, known: known, because: refusal, stateBefore: .empty)
    }

    /// An event of the room's past: it gets its place in the graph, and changes nothing of the present.
    mutating func receive(history event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        switch try await place(event, options) {
        case .settled(let result): return result
        case .placed(let placing):
            let entered = try await enter(
                event, known: placing.known, flags: [], stateBefore: placing.before.root, isLive: false)
            if let redacted = try await redactionTarget(event) {
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
        for pack in options.packs { keep(pack) }
        // Also of an event that is rejected: what follows it stands on the state before it.
        let before = try await stateBefore(event, known: known, options)
        // Step 4: by its auth events.
        let rules = AuthRules(version: try roomVersion())
        var create = implied.first.flatMap { known[$0] }
        if create == nil { create = try await state([.create])[.create] }
        let authority = EventAuthority(rules: rules, create: create)
        if let refusal = authority.refusal(of: event, by: event.authEvents.compactMap { known[$0] }) {
            try options.refuse(refusal)
            return .settled(try await reject(event, known: known, because: refusal, stateBefore: before.root))
        }
        // Step 5: by the state before it.
        if case .refused(let refusal) = rules.check(event, against: try await authState(for: event, rules, in: before))
        {
            try options.refuse(refusal)
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
        // What a server says of the state does not take away what we know to come before.
        var trees = options.stateBefore.map { [tree.at($0)] } ?? []
        if trees.isEmpty, !extremities.isEmpty, Set(event.prevEvents) == Set(extremities.map(\.eventID)) { return tree }
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
        var distinct = trees.dropFirst().reduce(into: [first]) { distinct, tree in
            if !distinct.contains(where: { $0.root == tree.root }) { distinct.append(tree) }
        }
        // More than one event could bring together: as if another had brought the first of them together before.
        while distinct.count > EventLimits.prevEvents {
            let some = Array(distinct.prefix(EventLimits.prevEvents))
            distinct = [try await merge(some)] + distinct.dropFirst(EventLimits.prevEvents)
        }
        return try await merge(distinct)
    }

    private mutating func merge(_ distinct: [StateTree]) async throws -> StateTree {
        guard distinct.count > 1, let first = distinct.first else { return distinct.first ?? tree.at(.empty) }
        let changes = try await StateMerge(batch: self).changes(merging: distinct)
        return try await made(try await first.applying(changes, newPack: try await services.numbers.pack()))
    }

    private mutating func made(_ update: StateUpdate) async throws -> StateTree {
        if let pack = update.pack { keep(pack) }
        return update.tree
    }

    // MARK: Entering the graph

    /// Ends of the graph that a room has here at most. Each costs a part of every resolution of the room's state; events of
    /// this server, and those of others that bring ends together, make them fewer.
    private static var maxExtremities: Int { 60 }
    /// Hidden events that are looked through for what they cover.
    private static var maxHidden: Int { 100 }

    private mutating func accept(_ event: Event, _ placing: Placing, isRelayed: Bool) async throws -> RoomEvent {
        let covered = try await covered(by: event, known: placing.known)
        let left = extremities.filter { !covered.contains($0.eventID) }
        guard left.count < max(extremities.count, Self.maxExtremities) else { throw RoomWriteError.tooManyForks }
        let entered = try await enter(
            event, known: placing.known, flags: isRelayed ? .relayed : [], stateBefore: placing.before.root,
            isLive: true)
        setExtremities(left + [entered])
        var after: [StateTree] = []
        for extremity in extremities {
            if let tree = try await stateAfter(extremity) { after.append(tree) }
        }
        try await move(to: try await resolve(after))
        return entered
    }

    /// The events that are no ends of the graph once an event is there. Rejected and soft-failed events never are ends: what
    /// they follow is covered by what follows them.
    private func covered(by event: Event, known: [EventID: RoomEvent]) async throws -> Set<EventID> {
        func isHidden(_ event: RoomEvent) -> Bool { !event.stored.flags.isDisjoint(with: [.rejected, .softFailed]) }
        var covered = Set(event.prevEvents)
        var hidden = event.prevEvents.compactMap { known[$0] }.filter(isHidden)
        var seen = 0
        while let next = hidden.popLast(), seen < Self.maxHidden {
            seen += 1
            let before = next.event.prevEvents.filter { covered.insert($0).inserted }
            if !before.isEmpty { hidden += try await found(before).values.filter(isHidden) }
        }
        return covered
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
        let entered = try await enter(
            Entry(
                event: event, earlier: known[event.eventID]?.nid,
                authEvents: event.authEvents.compactMap { known[$0]?.nid },
                previous: event.prevEvents.compactMap { known[$0]?.nid }, flags: flags, stateBefore: stateBefore,
                isLive: isLive))
        // An outlier's own place is not known: history goes on there all the same.
        let unplaced = event.prevEvents.filter { known[$0].map { $0.stored.stateBefore == nil } ?? true }
        note(missing: unplaced.map { ($0, entered.nid) })
        return entered
    }
}

extension RemoteEventOptions {
    /// Whoever asks us to hand an event on is told no, and nothing is kept of it.
    fileprivate func refuse(_ refusal: AuthRefusal) throws(MatrixError) {
        if isRelayed { throw MatrixError(.forbidden, refusal.reason) }
    }
}
