import MatrixCore
import Storage

/// A batch under construction: the room as it will be after the events that are in it so far.
///
/// A value: a write that turns out to be refused is built on a copy that is thrown away.
struct WorkingBatch: Sendable {
    let room: RoomRecord
    let services: RoomWriting
    private(set) var append: RoomAppend
    private(set) var tree: StateTree
    private(set) var extremities: [RoomEvent]
    private(set) var localMembers: [UserNID]
    /// The states after ends of the graph that are state events, and after others that were asked for.
    private var statesAfter: [EventNID: StateTree]
    /// The events of this batch, which no store can find yet.
    private var made: [EventNID: RoomEvent] = [:]
    /// Redactions that came before what they redact, by that.
    var waitingRedactions: [EventID: [EventID]] = [:]
    private let base: BatchGround

    var reader: RoomReader { services.reader }

    init(base: BatchGround, room: RoomRecord, services: RoomWriting) {
        self.base = base
        self.room = room
        self.services = services
        tree = base.tree
        extremities = base.extremities
        localMembers = base.localMembers
        statesAfter = base.statesAfter.mapValues { [tree] in tree.at($0) }
        append = RoomAppend(
            room: room, expectedVersion: base.head.version, extremities: base.head.extremities, state: base.head.state)
    }

    mutating func add(_ request: RoomWrite) async throws -> RoomWriteResult {
        switch request {
        case .local(let drafts): return try await add(drafts)
        case .creation(let create, let drafts):
            guard base.head.version == 0, append.events.isEmpty else { throw RoomWriteError.roomExists }
            let first = try await place(create, authEvents: [:], before: tree, transaction: nil)
            guard case .written(let rest) = try await add(drafts) else { return .written([first]) }
            return .written([first] + rest)
        case .remote(let event, let options): return try await receive(event, options)
        case .reconsidered(let nid): return try await reconsider(nid)
        }
    }

    /// Local events, built one on the other.
    private mutating func add(_ drafts: [EventDraft]) async throws -> RoomWriteResult {
        guard !extremities.isEmpty else { throw RoomWriteError.unknownRoom }
        var events: [RoomEvent] = []
        var isUnchanged = true
        for draft in drafts {
            if let same = try await unchangedState(draft) {
                events.append(same)
            } else {
                isUnchanged = false
                events.append(try await build(draft))
            }
        }
        return isUnchanged ? .unchanged(events) : .written(events)
    }

    // MARK: State

    /// The events that hold some keys in the state as it will be.
    func state(_ keys: [StateKey], in tree: StateTree? = nil) async throws -> [StateKey: RoomEvent] {
        let numbers = try await reader.interning.knownStateKeys(keys)
        let held = try await (tree ?? self.tree).events(for: Array(numbers.values))
        let events = try await self.events(Array(held.values))
        var found: [StateKey: RoomEvent] = [:]
        for (key, number) in numbers {
            if let nid = held[number], let event = events[nid] { found[key] = event }
        }
        return found
    }

    func rememberedState(after event: EventNID) -> StateTree? { statesAfter[event] }

    mutating func remember(_ state: StateTree, after event: EventNID) { statesAfter[event] = state }

    /// An event of this batch.
    func madeEvent(numbered nid: EventNID) -> RoomEvent? { made[nid] }

    /// The events of this batch.
    var madeEvents: some Collection<RoomEvent> { made.values }

    func events(_ nids: [EventNID]) async throws -> [EventNID: RoomEvent] {
        var found: [EventNID: RoomEvent] = [:]
        let stored = nids.filter { nid in
            found[nid] = made[nid]
            return found[nid] == nil
        }
        guard !stored.isEmpty else { return found }
        return found.merging(try await reader.events.events(stored, in: room)) { mine, _ in mine }
    }

    /// A state event that would say again what the state says already, by the same sender.
    private func unchangedState(_ draft: EventDraft) async throws -> RoomEvent? {
        guard let stateKey = draft.stateKey else { return nil }
        let key = StateKey(draft.type, stateKey)
        guard let current = try await state([key])[key], current.event.sender == draft.sender.userID,
            current.stored.redactedBy == nil,
            current.event.content.rawBytes == (try CanonicalJSON.encode(draft.content, strict: false))[...]
        else { return nil }
        return current
    }

    // MARK: Local events

    mutating func build(_ draft: EventDraft, flags: EventFlags = []) async throws -> RoomEvent {
        let version = try roomVersion()
        let rules = AuthRules(version: version)
        let keys = rules.selection(
            type: draft.type, stateKey: draft.stateKey, sender: draft.sender.userID, content: draft.content)
        let (predecessors, before) = try await foundation(for: draft.sender.userID)
        var state = try await state(keys + [.create], in: before)
        var builder = try EventBuilder(
            version: version, roomID: room.roomID, type: draft.type, stateKey: draft.stateKey,
            sender: draft.sender.userID, content: draft.content)
        builder.redacts = draft.redacts
        builder.originServerTS = draft.timestamp ?? services.now
        builder.stickyMilliseconds = draft.stickyMilliseconds
        builder.prevEvents = predecessors.map(\.eventID)
        builder.depth = Event.depth(following: predecessors.map(\.event.depth), in: version)
        builder.authEvents = keys.compactMap { state[$0]?.eventID }
        builder.addHashes(of: predecessors.map(\.event) + state.values.map(\.event))
        let event = try builder.signed(by: services.server.name, with: services.server.signingKey)
        try Self.allow(event, by: state, rules)
        if before.root != tree.root { try Self.allow(event, by: try await self.state(keys + [.create]), rules) }
        state = state.filter { keys.contains($0.key) }
        return try await place(
            event, authEvents: state, before: before, flags: flags, transaction: draft.transaction)
    }

    private static func allow(_ event: Event, by state: [StateKey: RoomEvent], _ rules: AuthRules) throws(MatrixError) {
        guard case .refused(let refusal) = rules.check(event, against: AuthStateMap(state.values.map(\.event))) else {
            return
        }
        throw MatrixError(refusal.isMalformed ? .badJSON : .forbidden, refusal.reason)
    }

    func roomVersion() throws -> RoomVersion {
        guard let version = RoomVersion(room.version) else { throw StorageError.corrupt("rooms.version") }
        return version
    }

    /// Puts an allowed event at the end of the room.
    private mutating func place(
        _ event: Event, authEvents: [StateKey: RoomEvent], before: StateTree, flags: EventFlags = [],
        transaction: EventTransaction?
    ) async throws -> RoomEvent {
        let made = try await enter(
            Entry(
                event: event, authEvents: authEvents.values.map(\.nid), previous: extremities.map(\.nid),
                flags: flags, stateBefore: before.root, isLive: true, transaction: transaction))
        let covered = Set(event.prevEvents)
        extremities = extremities.filter { !covered.contains($0.eventID) } + [made]
        if extremities.count > 1 {
            try await move(to: try await receipt().state(after: extremities, in: &self))
        } else if let key = made.stored.stateKeyNID {
            try await change([StateChange(key: key, event: made.nid)])
        }
        return made
    }

    /// An event on its way into the batch.
    struct Entry {
        let event: Event
        /// The number that it has already.
        var earlier: EventNID?
        let authEvents: [EventNID]
        let previous: [EventNID]
        var flags: EventFlags = []
        /// `nil` when its place in the graph is not known.
        let stateBefore: StateRoot?
        let isLive: Bool
        var transaction: EventTransaction?
    }

    /// Takes an event into the batch, with what it does besides: whom it notifies, what it redacts. Its number is above those
    /// of the events that it cites.
    mutating func enter(_ entry: Entry) async throws -> RoomEvent {
        let event = entry.event
        let nid: EventNID
        if let earlier = entry.earlier {
            nid = earlier
        } else {
            let floor = (entry.authEvents + entry.previous).max()
            guard let fresh = try await services.numbers.events(1, above: floor).first else {
                throw StorageError.missing("event number")
            }
            nid = fresh
        }
        let sender = try await reader.interning.user(event.sender)
        let stateKeyNID: StateKeyNID? =
            if let key = event.fullStateKey { try await reader.interning.stateKey(key) } else { nil }
        var flags = entry.flags
        if entry.isLive, let before = entry.stateBefore {
            let decision = try await notify(event, nid, before: tree.at(before))
            if decision.notifiesByDefault { flags.insert(.notifies) }
            if !decision.exceptions.isEmpty { flags.insert(.hasNotificationExceptions) }
            append.notifications += decision.exceptions
            if let redacted = try await redactionTarget(event) { append.redactions.append((redacted, nid)) }
        }
        var new = NewEvent(
            nid: nid, event: event, isLive: entry.isLive, senderNID: sender.nid, stateKeyNID: stateKeyNID,
            flags: flags, stateBefore: entry.stateBefore, authEvents: entry.authEvents.sorted(),
            transaction: entry.transaction)
        if entry.isLive, new.relation != nil, new.threadRoot == nil { new.threadRoot = try await threadRoot(of: event) }
        append.events.append(new)
        let entered = RoomEvent(stored: StoredEvent(new, in: room.nid, at: 0), event: event)
        made[nid] = entered
        return entered
    }

    /// Moves the room's state on, and the memberships with it.
    mutating func change(_ changes: [StateChange]) async throws {
        let update = try await tree.applying(changes, newPack: try await services.numbers.pack())
        if let pack = update.pack { keep(pack) }
        try await move(to: update.tree)
    }

    /// Takes a pack into the batch. It is readable at once, by trees that were made before it too: its number is never
    /// given out again, so it does not matter if the batch comes to nothing.
    mutating func keep(_ pack: StateUpdate.NewPack) {
        reader.packs.keep(pack.pack, as: pack.number, room: room.nid)
        append.packs.append((pack.number, pack.pack.bytes))
    }

    /// Member events that are read at once.
    private static let maxMembersAtOnce = 1_000

    /// Makes another state the room's current one; who is in it follows from what differs.
    mutating func move(to new: StateTree) async throws {
        // `difference` tells from the new state's side: `old` there is what holds from now on.
        let differences = try await new.difference(to: tree.root)
        // Coming into a large room, everybody differs.
        for some in differences.chunks(of: Self.maxMembersAtOnce) { try await changeMembers(some) }
        tree = new
    }

    private mutating func changeMembers(_ differences: [StateDifference]) async throws {
        let keys = try await reader.interning.stateKeys(differences.map(\.key))
        let members: [(userID: UserID, difference: StateDifference)] = differences.compactMap { difference in
            guard let key = keys[difference.key], key.type == EventType.member, let user = UserID(key.key) else {
                return nil
            }
            return (user, difference)
        }
        let users = try await reader.interning.users(members.map(\.userID))
        let events = try await events(members.compactMap(\.difference.old))
        let changed = Set(users.values.map(\.nid))
        append.memberships.removeAll { changed.contains($0.userNID) }
        for (userID, difference) in members {
            guard let user = users[userID] else { continue }
            // Somebody whom a state resolution took out of the state has no membership any more.
            let event = difference.old.flatMap { events[$0] }
            let membership = event.flatMap { Membership(content: $0.event.content) } ?? .leave
            let cause = event?.nid ?? difference.new ?? EventNID(0)
            append.memberships.append(
                MembershipChange(userNID: user.nid, serverNID: user.serverNID, membership: membership, eventNID: cause))
            if user.serverNID == services.localServerNID {
                localMembers.removeAll { $0 == user.nid }
                if membership == .join { localMembers.append(user.nid) }
            }
        }
    }

    // MARK: What an event does besides

    func notify(_ event: Event, _ nid: EventNID, before tree: StateTree) async throws -> NotificationDecision {
        var members = localMembers
        if event.type == EventType.member, Membership(content: event.content) == .invite,
            let invited = event.stateKey.flatMap(UserID.init), services.server.owns(invited)
        {
            members.append(try await reader.interning.user(invited).nid)
        }
        guard !members.isEmpty else { return .silent }
        return try await services.notifications.decide(
            for: event, number: nid, in: room, members: members,
            state: RoomSnapshot(room: room, tree: tree, reader: reader))
    }

    private func threadRoot(of event: Event) async throws -> EventID? {
        try await ThreadMembership.root(of: event) { id in
            if let made = madeEvent(id) { return made.event }
            return try await reader.events.event(id, in: room)?.event
        }
    }

    func madeEvent(_ id: EventID) -> RoomEvent? { made.values.first { $0.eventID == id } }

    mutating func setExtremities(_ new: [RoomEvent]) { extremities = new }

    mutating func note(missing: [(eventID: EventID, child: EventNID)]) { append.missing += missing }

    /// Takes an event out of what is written, before it is entered in another way.
    mutating func leaveOut(_ nid: EventNID) { append.events.removeAll { $0.nid == nid } }

    mutating func note(redaction: EventID, by nid: EventNID) { append.redactions.append((redaction, nid)) }

    // MARK: The commit

    /// What is true once the batch is committed at a position of the log.
    ///
    /// - Parameter time: when it was written, in milliseconds since 1970.
    func written(at position: Int64, time: Int64) -> WrittenBatch {
        var events: [EventNID: RoomEvent] = [:]
        for new in append.events {
            guard let event = made[new.nid]?.event else { continue }
            events[new.nid] = RoomEvent(stored: StoredEvent(new, in: room.nid, at: position), event: event)
        }
        let placed = extremities.map { events[$0.nid] ?? $0 }
        let head = RoomHead(
            version: base.head.version + 1, extremities: placed.map(\.nid), state: tree.root, position: position)
        return WrittenBatch(
            events: events,
            base: BatchGround(
                head: head, tree: reader.tree(of: room, at: tree.root), extremities: placed, localMembers: localMembers,
                statesAfter: statesAfter.filter { head.extremities.contains($0.key) }.mapValues(\.root)),
            row: LogRow(
                shard: room.shard, position: position, kind: .roomEvents, roomNID: room.nid,
                eventNIDs: append.events.filter(\.isLive).map(\.nid), memberNIDs: append.memberships.map(\.userNID),
                redacted: append.redactions.map(\.eventID),
                state: LogStateChange(before: base.head.state, after: tree.root), writtenAt: time))
    }

    /// The batch as it is written: with the head that it leads to.
    var final: RoomAppend {
        var final = append
        final.extremities = extremities.map(\.nid)
        final.state = tree.root
        return final
    }
}

/// A batch after its commit.
struct WrittenBatch: Sendable {
    let events: [EventNID: RoomEvent]
    let base: BatchGround
    let row: LogRow
}

/// Why a write makes no sense, whatever the rules say.
package enum RoomWriteError: Error {
    case roomExists
    case unknownRoom
    /// Other servers have pulled the room into too many directions; it gets better when somebody brings them together.
    case tooManyForks
}
