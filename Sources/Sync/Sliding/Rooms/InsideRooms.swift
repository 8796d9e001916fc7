import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Reads rooms that the user is in.
final class InsideRooms: Sendable {
    /// What counts as activity for clients that sort rooms.
    ///
    /// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
    static let bumpTypes: Set<String> = [
        EventType.create, EventType.message, EventType.encrypted, EventType.sticker, "m.call.invite", "m.poll.start",
        "m.beacon_info", "org.matrix.msc3381.poll.start", "org.matrix.msc3672.beacon_info",
    ]

    let reader: RoomReader
    let questions: RoomQuestions
    let timelines: TimelineReader
    let members: MemberMemory
    private let requiredState: RequiredStateReader

    init(reader: RoomReader, questions: RoomQuestions, timelines: TimelineReader, members: MemberMemory) {
        self.reader = reader
        self.questions = questions
        self.timelines = timelines
        self.members = members
        requiredState = RequiredStateReader(questions: questions)
    }

    /// The states of a room that matter for an answer.
    private struct States {
        /// As the client knows it; `empty` when it knows nothing.
        let before: StateRoot
        let after: StateRoot
    }

    /// To be called before many are read side by side.
    func prepare(for tasks: [SlidingRoomTask]) async throws {
        try await requiredState.prepare(for: Set(tasks.lazy.filter(\.isInitial).map(\.config.required)))
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
            known: told.map { KnownEvents(toldBy: $0) } ?? newest, viewer: reading.viewer, limit: limit)
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
        let hasBump = timeline.events.contains { Self.bumpTypes.contains($0.event.type) }
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
        let required = task.config.required
        var wanted: [StateKeyNID: EventNID] = [:]
        var changed: [StateKey] = []
        if task.isInitial {
            wanted = try await requiredState.all(required, in: tree)
        } else if states.before != states.after {
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
        reading.state = try await reader.events.list(Set(wanted.values), in: task.room).sorted { $0.nid < $1.nid }
        if required.lazyMembers {
            reading.told.learn(reading.state.filter { $0.event.type == EventType.member }.map(\.nid))
        }
        if task.isInitial || !changed.isEmpty {
            try await readMeta(task, changed: changed, tree, into: &reading)
        }
    }

    // MARK: Name, avatar, members

    private func readMeta(
        _ task: SlidingRoomTask, changed: [StateKey], _ tree: StateTree, into reading: inout SlidingReading
    ) async throws {
        let (name, avatar) = (StateKey(EventType.name), StateKey(EventType.avatar))
        let membersChanged = task.isInitial || changed.contains { $0.type == EventType.member }
        let asksForName = task.isInitial || changed.contains(name) || membersChanged
        let asksForAvatar = task.isInitial || changed.contains(avatar)
        guard asksForName || asksForAvatar else { return }
        // Given numbers where nobody has such a thing yet: or else that would be asked about each time.
        let numbers = try await reader.interning.stateKeys([name, avatar])
        let held = try await tree.events(for: Array(numbers.values))
        let events = try await reader.events.events(Set(held.values), in: task.room)
        func text(_ key: StateKey, _ member: String) -> String? {
            let event = numbers[key].flatMap { held[$0] }.flatMap { events[$0] }
            guard let event, event.stored.redactedBy == nil else { return nil }
            return event.event.content[member]?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
        let title = text(name, "name")
        if task.isInitial || changed.contains(name) {
            reading.result.name = title.map { .value($0) } ?? (task.isInitial ? .unchanged : .none)
        }
        if asksForAvatar {
            reading.result.avatar = text(avatar, "url").map { .value($0) } ?? (task.isInitial ? .unchanged : .none)
        }
        if membersChanged {
            let counts = try await members.counts(of: task.room.nid, at: tree.root, questions)
            reading.result.members = (counts.joined, counts.invited)
        }
        if title == nil, membersChanged || changed.contains(name) {
            reading.result.heroes = try await heroes(of: task.room, tree, reading.viewer)
        }
    }

    private func heroes(of room: RoomRecord, _ tree: StateTree, _ viewer: Viewer) async throws -> [SlidingRoom.Hero] {
        guard let user = viewer.user else { return [] }
        let heroes = try await members.heroes(of: room.nid, at: tree.root, besides: user.nid, questions)
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
