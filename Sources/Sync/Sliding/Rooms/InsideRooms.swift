import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Reads rooms that the user is in.
final class InsideRooms: Sendable {
    let reader: RoomReader
    let questions: RoomQuestions
    let timelines: TimelineReader
    let memory: RoomMemory
    private let requiredState: RequiredStateReader

    init(reader: RoomReader, questions: RoomQuestions, timelines: TimelineReader, memory: RoomMemory) {
        self.reader = reader
        self.questions = questions
        self.timelines = timelines
        self.memory = memory
        requiredState = RequiredStateReader(questions: questions)
    }

    /// The states of a room that matter for an answer.
    private struct States {
        /// As the client knows it; `empty` when it knows nothing.
        let before: StateRoot
        let after: StateRoot
    }

    /// To be called before many are read side by side.
    func prepare(for tasks: [SlidingRoomTask], by user: UserID) async throws {
        try await requiredState.prepare(for: Set(tasks.lazy.filter(\.isInitial).map(\.config.required)), by: user)
    }

    /// Whether nobody has to be asked about a room that is told from the start.
    func remembers(_ task: SlidingRoomTask, of user: UserID) -> Bool {
        guard task.isInitial, task.listed.form == .inside, let state = task.remembered?.state else { return false }
        return memory.openings.hasOpening(
            of: task.room.nid, at: state, for: requiredState.besides(user, task.config.required).others)
    }

    /// - Parameter newest: the newest events of what is told of the room, as far as the rows of the log do not say.
    func read(_ task: SlidingRoomTask, newest: KnownEvents?, _ context: SlidingContext) async throws -> SlidingReading {
        let room = task.room
        var result = SlidingRoom(roomID: room.roomID, membership: .join)
        result.isInitial = task.isInitial
        result.lists = task.interest.lists
        if task.isInitial ? task.isDirect : task.isDirect != task.told?.isDirect { result.isDirect = task.isDirect }
        var viewer = Viewer(
            user: context.user, membership: task.standing.record(of: context.user.nid, in: room.nid),
            ignored: context.ignored)
        if !task.isInitial {
            // Whoever came since is told the room anew.
            viewer.joinedIn = task.rows?.states ?? []
        } else if let state = task.remembered?.state {
            viewer.joinedIn = [state]
        }
        var told = task.told ?? ToldRoom(kind: .inside, config: 0, timeline: 0)
        told.isDirect = task.isDirect
        if task.isInitial {
            told.accountData = context.told[room.nid]?.accountData ?? .never
            told.receipts = .never
        }
        var reading = SlidingReading(room: room, viewer: viewer, result: result, told: told)
        reading.rows = task.rows ?? []
        if task.hasEvents || task.expandsTimeline { try await readTimeline(task, newest, context, into: &reading) }
        if task.hasEvents || task.expandsState || !(reading.timeline.isEmpty) {
            try await readState(task, context, into: &reading)
        }
        // What was passed over before is told now.
        if task.hasEvents { reading.told.events = .live }
        return reading
    }

    // MARK: Timeline

    private func readTimeline(
        _ task: SlidingRoomTask, _ newest: KnownEvents?, _ context: SlidingContext, into reading: inout SlidingReading
    ) async throws {
        let limit = min(task.config.timelineLimit, SlidingRequest.maxTimeline)
        guard limit > 0 else {
            if task.hasEvents { reading.told.timeline = 0 }
            reading.needsBump = true
            return
        }
        let isWhole = task.isInitial || task.expandsTimeline
        let told = isWhole ? nil : task.rows
        let timeline = try await timelines.read(
            of: task.room, after: isWhole ? 0 : task.known, upTo: task.head,
            known: told.map { KnownEvents(toldBy: $0) } ?? newest, viewer: &reading.viewer, limit: limit)
        reading.timeline = timeline.events
        reading.result.isExpanded = task.expandsTimeline && !task.isInitial
        reading.result.isLimited = timeline.isLimited
        if isWhole || timeline.isLimited {
            reading.told.timeline = timeline.isLimited ? limit : ToldRoom.wholeTimeline
        }
        let since = context.since?.log[task.room.shard]
        reading.result.live =
            timeline.events.reversed().prefix { event in
                since.map { event.stored.position > $0 } ?? false
            }.count
        reading.result.prevBatch =
            timeline.events.first.map { HistoryToken.arrival(of: $0.stored).text }
        let hasBump = timeline.events.contains { RoomBumps.types.contains($0.event.type) }
        // Before a gap there may be one that the client does not know.
        reading.needsBump = hasBump || task.isInitial || timeline.isLimited
    }

    // MARK: State

    private func states(of task: SlidingRoomTask) async throws -> States {
        let room = task.room
        if !task.isInitial, task.hasEvents, let rows = task.rows, let first = rows.first?.state,
            let last = rows.last?.state
        {
            return States(before: first.before, after: last.after)
        }
        if let remembered = task.remembered?.state, task.isInitial || !task.hasEvents {
            return States(before: task.isInitial ? .empty : remembered, after: remembered)
        }
        let found = try await questions.states(
            of: LogSpan(
                room: room.nid, since: task.isInitial ? -1 : task.hasEvents ? task.known : task.head, head: task.head))
        return States(before: found.before, after: found.after)
    }

    private func readState(
        _ task: SlidingRoomTask, _ context: SlidingContext, into reading: inout SlidingReading
    ) async throws {
        let states = try await states(of: task)
        let tree = reader.tree(of: task.room, at: states.after)
        if task.isInitial { return try await readOpening(task, tree, context, into: &reading) }
        let required = task.config.required
        var wanted: [StateKeyNID: EventNID] = [:]
        var changed: [StateKey] = []
        if states.before != states.after {
            let difference = try await reader.tree(of: task.room, at: states.before).difference(to: states.after)
            let names = try await questions.stateKeys(Set(difference.map(\.key)))
            let tellsMembers = required.lazyMembers && reading.result.isLimited != true
            for entry in difference {
                guard let name = names[entry.key] else { continue }
                changed.append(name)
                guard required.matches(name) || (tellsMembers && name.type == EventType.member) else { continue }
                if let event = entry.new {
                    wanted[entry.key] = event
                } else {
                    reading.result.removedState.append(name)
                }
            }
        }
        if task.expandsState, let told = task.told {
            let before = context.told.config(told.config)
            let more = try await requiredState.all(required, except: before, in: tree)
            wanted.merge(more) { $1 }
        }
        if required.lazyMembers {
            // Unless they were told before.
            let members = try await requiredState.members(
                neededBy: reading.timeline, in: tree)
            for (key, event) in members where wanted[key] == nil && !reading.told.knows(event) { wanted[key] = event }
        }
        reading.state = try await reader.events.list(Set(wanted.values).sorted(), in: task.room)
        if required.lazyMembers { reading.learnMembers() }
        if !changed.isEmpty { try await readMeta(task, changed: changed, tree, into: &reading) }
    }

    /// All state that is wanted of a room that is told from the start.
    private func readOpening(
        _ task: SlidingRoomTask, _ tree: StateTree, _ context: SlidingContext, into reading: inout SlidingReading
    ) async throws {
        let (required, isOwnWanted) = requiredState.besides(context.user.userID, task.config.required)
        let timeline = required.lazyMembers ? reading.timeline : []
        let opening = try await memory.openings.opening(
            of: task.room.nid, at: tree.root, for: required, timeline: timeline.map(\.nid)
        ) {
            let named = try await namingEvents(in: tree)
            return RoomOpenings.Opening(
                root: tree.root, required: Array(try await requiredState.all(required, in: tree).values),
                name: named.name, avatar: named.avatar, timeline: timeline.map(\.nid),
                members: Array(try await requiredState.members(neededBy: timeline, in: tree).values))
        }
        var wanted = Set(opening.required + opening.members)
        if isOwnWanted, let own = try await ownMember(context.user.userID, task, in: tree) { wanted.insert(own) }
        let naming = [opening.name, opening.avatar].compactMap(\.self)
        let events = try await reader.events.list(wanted.union(naming).sorted(), in: task.room)
        reading.state = events.filter { wanted.contains($0.nid) }
        if required.lazyMembers { reading.learnMembers() }
        let name = Self.text("name", of: events.first { $0.nid == opening.name })
        reading.result.name = name.map { .value($0) } ?? .unchanged
        reading.result.avatar =
            Self.text("url", of: events.first { $0.nid == opening.avatar }).map { .value($0) } ?? .unchanged
        try await readMembers(of: task.room, isNamed: name != nil, tree, into: &reading)
    }

    /// The user's own member event.
    private func ownMember(
        _ user: UserID, _ task: SlidingRoomTask, in tree: StateTree
    ) async throws -> EventNID? {
        // The newest membership is in the newest state.
        if task.remembered?.state == tree.root, task.standing.eventNID != EventNID(0) { return task.standing.eventNID }
        return try await tree.events(for: Array(try await questions.numbers(of: [.member(user)]).values)).values.first
    }

    // MARK: Name, avatar, members

    private func readMeta(
        _ task: SlidingRoomTask, changed: [StateKey], _ tree: StateTree, into reading: inout SlidingReading
    ) async throws {
        let membersChanged = changed.contains { $0.type == EventType.member }
        let nameChanged = changed.contains(StateKey(EventType.name))
        let avatarChanged = changed.contains(StateKey(EventType.avatar))
        guard membersChanged || nameChanged || avatarChanged else { return }
        let named = try await namingEvents(in: tree)
        let events = try await reader.events.list([named.name, named.avatar].compactMap(\.self), in: task.room)
        let name = Self.text("name", of: events.first { $0.nid == named.name })
        if nameChanged { reading.result.name = name.map { .value($0) } ?? .none }
        if avatarChanged {
            reading.result.avatar =
                Self.text("url", of: events.first { $0.nid == named.avatar }).map { .value($0) } ?? .none
        }
        if membersChanged {
            try await readMembers(of: task.room, isNamed: name != nil, tree, into: &reading)
        } else if nameChanged, name == nil {
            reading.result.heroes = try await heroes(of: task.room, tree, reading.viewer)
        }
    }

    /// The events that tell a room's name and avatar.
    private func namingEvents(in tree: StateTree) async throws -> (name: EventNID?, avatar: EventNID?) {
        let (name, avatar) = (StateKey(EventType.name), StateKey(EventType.avatar))
        let numbers = try await questions.numbers(of: [name, avatar])
        let held = try await tree.events(for: Array(numbers.values))
        return (numbers[name].flatMap { held[$0] }, numbers[avatar].flatMap { held[$0] })
    }

    private static func text(_ member: String, of event: RoomEvent?) -> String? {
        guard let event, event.stored.redactedBy == nil else { return nil }
        return event.event.content[member]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func readMembers(
        of room: RoomRecord, isNamed: Bool, _ tree: StateTree, into reading: inout SlidingReading
    ) async throws {
        let counts = try await memory.members.counts(of: room.nid, at: tree.root, questions)
        reading.result.members = (counts.joined, counts.invited)
        if !isNamed { reading.result.heroes = try await heroes(of: room, tree, reading.viewer) }
    }

    private func heroes(of room: RoomRecord, _ tree: StateTree, _ viewer: Viewer) async throws -> [SlidingRoom.Hero] {
        guard let user = viewer.user else { return [] }
        let heroes = try await memory.members.heroes(of: room.nid, at: tree.root, besides: user.nid, questions)
        let numbers = try await questions.numbers(of: Set(heroes.map { .member($0) }))
        let held = try await tree.events(for: Array(numbers.values))
        let events = try await reader.events.events(Set(held.values), in: room)
        return heroes.map { hero in
            let content = numbers[.member(hero)].flatMap { held[$0] }.flatMap { events[$0] }?.event.content
            return SlidingRoom.Hero(
                userID: hero, displayName: content?["displayname"]?.string, avatar: content?["avatar_url"]?.string)
        }
    }
}
