import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Reads rooms for an answer: the timeline, the state that goes with it, the summary of each.
final class RoomUpdateBuilder: Sendable {
    private let reader: RoomReader
    private let timelines: TimelineReader
    private let visibility: EventVisibility
    private let renderer: SyncEventRenderer
    private let relations: RelationBundler
    private let questions: RoomQuestions
    private let memory: RoomMemory

    init(reader: RoomReader, questions: RoomQuestions, memory: RoomMemory) {
        self.reader = reader
        self.questions = questions
        self.memory = memory
        visibility = EventVisibility(reader: reader)
        relations = RelationBundler(reader: reader)
        timelines = TimelineReader(
            reader: reader, visibility: visibility, earlierStates: memory.earlierStates, questions: questions)
        renderer = SyncEventRenderer(renderer: EventRenderer(reader: reader))
    }

    /// From so many rooms on a question waits a moment for others to join: the processors reach it too late for all otherwise.
    private static let manyRooms = 50
    private static let moment = Duration.milliseconds(4)
    /// The entries of a state that is read together with those of other rooms.
    private static let smallState = 40

    /// The same for an answer of several rooms: what they have to ask is put together.
    func gathering(
        _ count: Int, for user: UserID, log: LogStore, clock: any Clock
    ) async throws -> RoomUpdateBuilder {
        try await self.reader.loadCommonNames(for: user)
        let moment = count >= Self.manyRooms ? Self.moment : .zero
        let reader = reader.gathering(within: moment)
        return RoomUpdateBuilder(
            reader: reader, questions: RoomQuestions(reader: reader, log: log, clock: clock, moment: moment),
            memory: memory)
    }

    /// The tasks of rooms that are told from the start, with what is remembered of these rooms; the others as they are.
    ///
    /// Cost: nothing for rooms that are remembered; two queries for all others.
    func started(_ tasks: [RoomTask], _ context: SyncContext) async throws -> [RoomTask] {
        let new = tasks.indices.filter { tasks[$0].knownUpTo == nil && tasks[$0].isJoined }
        guard !new.isEmpty else { return tasks }
        let activities = try await memory.activities.activities(
            of: new.map { tasks[$0].room.nid }, at: context.view.heads)
        // What this worker remembers may be ahead of the place that the answer is about.
        let places = zip(new, activities).compactMap { index, activity in
            activity.flatMap { $0.position <= tasks[index].upTo ? (index: index, activity: $0) : nil }
        }
        let remembered = Set(places.lazy.map { tasks[$0.index].room.nid }.filter(memory.tails.remembers))
        let tails = try await memory.tails.tails(of: places.map { (tasks[$0.index].room, $0.activity.position) })
        var tasks = tasks
        for (index, activity) in places {
            let room = tasks[index].room.nid
            guard let newest = tails[room] else { continue }
            tasks[index].start = RoomStart(
                state: activity.state, newest: newest, isRemembered: remembered.contains(room))
        }
        return tasks
    }

    /// Brings into memory what the tasks need first of rooms that are told from the start, and that are not remembered.
    ///
    /// Cost: three queries for all of them.
    func load(_ tasks: [RoomTask], _ context: SyncContext) async throws {
        let length = (context.filter.timeline.limit ?? TimelineReader.defaultLimit) + TimelineReader.slack
        let new = tasks.compactMap { task in
            task.start.flatMap { start in
                start.isRemembered ? nil : (task.room, start.state, Array(start.newest.numbers.suffix(length)))
            }
        }
        let maxEntries = context.filter.state.lazyLoadsMembers ? 0 : Self.smallState
        if !new.isEmpty { try await reader.load(new, wholeStateUpTo: maxEntries) }
    }

    // MARK: Reading

    func read(_ task: RoomTask, _ context: SyncContext) async throws -> RoomReading {
        let viewer = try await viewer(of: task, context)
        var reading = RoomReading(room: task.room, viewer: viewer, update: RoomUpdate(roomID: task.room.roomID))
        let isNew = task.knownUpTo == nil
        reading.update.isNew = isNew
        if !task.isOutside, task.change?.hasEvents ?? true || isNew || context.fullState {
            try await read(task, context, into: &reading)
        }
        if let newest = task.afterwards.last {
            reading.timeline += task.afterwards.filter { context.filter.timeline.includes($0.event) }
            if context.usesStateAfter { reading.state.append(newest) }
            reading.update.isNew = true
        }
        return reading
    }

    private func read(_ task: RoomTask, _ context: SyncContext, into reading: inout RoomReading) async throws {
        let isNew = reading.update.isNew
        var timeline = try await timeline(of: task, &reading.viewer, context)
        let (states, tree) = try await states(of: task)
        if !context.usesStateAfter { try await cut(&timeline, at: tree, in: task.room) }
        reading.timeline = timeline.events
        let wholeState = isNew || context.fullState
        let delta = try await StateDelta.between(
            wholeState ? .empty : states.before, states.after,
            timeline: context.usesStateAfter ? [] : timeline.events, tree: tree)
        if task.isJoined, wholeState || states.before != states.after {
            reading.update.summary = try await RoomSummary.read(
                of: reader.snapshot(of: task.room, at: states.after), for: context.user, questions, memory.members)
        }
        reading.state = try await state(
            delta, timeline: timeline.events, tree: tree, of: task, heroes: reading.update.summary?.heroes ?? [],
            wholeState: wholeState, context)
        if context.loadsMembersLazily {
            reading.update.members = (reading.state + timeline.events)
                .filter { $0.event.type == EventType.member }.map(\.nid)
        }
        // Whoever is told a room anew has a gap before it, whatever was left out.
        reading.update.isLimited = timeline.isLimited || (isNew && context.since != nil)
        reading.update.prevBatch =
            timeline.events.first.map { HistoryToken.arrival(of: $0.stored).text } ?? context.nextBatch
    }

    // MARK: Rendering

    /// What relates to the events of some rooms, as far as it is told.
    ///
    /// Cost: one query for all rooms, more when there is something.
    func related(to readings: [RoomReading]) async throws -> [RoomNID: EventBundles] {
        let pages = readings.filter(\.wantsRelations).map(\.page)
        return pages.isEmpty ? [:] : try await relations.bundles(for: pages)
    }

    func render(
        _ reading: RoomReading, with related: EventBundles?, _ context: SyncContext
    ) async throws -> RoomUpdate {
        var update = reading.update
        update.timeline = try await renderer.render(
            reading.timeline, in: reading.room, for: reading.viewer, with: related ?? .none, context)
        update.state = try await renderer.render(
            reading.state, in: reading.room, for: reading.viewer, isState: true, context)
        update.sticky = try await renderer.render(reading.sticky, in: reading.room, for: reading.viewer, context)
        return update
    }

    // MARK: Timeline

    private func timeline(
        of task: RoomTask, _ viewer: inout Viewer, _ context: SyncContext
    ) async throws -> TimelineReader.Timeline {
        let filter = context.filter.timeline
        guard filter.includes(room: task.room.roomID) else { return TimelineReader.Timeline() }
        let rows = task.change?.rows?.lazy.filter { $0.position <= task.upTo }
        let known = task.knownUpTo == nil ? task.start?.newest : rows.map { KnownEvents(toldBy: $0) }
        return try await timelines.read(
            of: task.room, after: task.knownUpTo ?? 0, upTo: task.upTo, known: known,
            viewer: &viewer, limit: filter.limit ?? TimelineReader.defaultLimit,
            matching: { filter.includes($0) })
    }

    private func viewer(of task: RoomTask, _ context: SyncContext) async throws -> Viewer {
        let record = task.standing.record(of: context.user.nid, in: task.room.nid)
        if task.isJoined {
            var viewer = Viewer(user: context.user, membership: record, ignored: context.ignored)
            // Whoever the client knows to be in the room has been there since: `joinedTask` sees to that.
            if task.knownUpTo != nil { viewer.joinedIn = task.change?.rows?.states ?? [] }
            if let start = task.start { viewer.joinedIn = [start.state] }
            return viewer
        }
        var viewer = try await visibility.viewer(context.user, of: task.room, as: record)
        viewer.ignored = context.ignored
        return viewer
    }

    /// Leaves out the beginning of a timeline with a hole in it, of what the viewer may not see or does not want, in which
    /// something changed again that the beginning changes: whoever applies the timeline to the state would end up with what was
    /// there before the hole.
    private func cut(_ timeline: inout TimelineReader.Timeline, at tree: StateTree, in room: RoomRecord) async throws {
        var last: [StateKeyNID: Int] = [:]
        for (index, event) in timeline.events.enumerated() {
            if let key = event.stored.stateKeyNID { last[key] = index }
        }
        guard !last.isEmpty else { return }
        let held = try await tree.events(for: last.keys)
        let stale = last.filter { key, index in held[key].map { $0 != timeline.events[index].nid } ?? false }
        guard !stale.isEmpty else { return }
        let events = try await reader.events.events(Set(stale.keys.compactMap { held[$0] }), in: room)
        let ends = stale.compactMap { key, index -> Int? in
            guard let newer = held[key].flatMap({ events[$0]?.stored }) else { return nil }
            let shown = timeline.events[index].stored
            // What a resolution of states preferred may be older; that no timeline can tell.
            return (newer.position, newer.nid) > (shown.position, shown.nid) ? index : nil
        }
        guard let end = ends.max() else { return }
        timeline.events.removeFirst(end + 1)
        timeline.isLimited = true
    }

    // MARK: State

    /// The room's state as the client knows it, and as it is at the end of the stretch; with a tree that reads both.
    private func states(of task: RoomTask) async throws -> (LogStateChange, StateTree) {
        let (room, knownUpTo) = (task.room, task.knownUpTo)
        if let start = task.start {
            return (LogStateChange(before: .empty, after: start.state), reader.tree(of: room, at: start.state))
        }
        let rows = task.change?.rows?.filter { $0.kind == .roomEvents && $0.position <= task.upTo } ?? []
        if task.departure == nil, knownUpTo != nil, let first = rows.first?.state, let last = rows.last?.state {
            return (LogStateChange(before: first.before, after: last.after), reader.tree(of: room, at: last.after))
        }
        let states = try await questions.states(
            of: LogSpan(room: room.nid, since: knownUpTo ?? -1, head: task.upTo))
        guard let departure = task.departure, let end = try await reader.state(after: departure, in: room) else {
            return (states, reader.tree(of: room, at: states.after))
        }
        return (LogStateChange(before: states.before, after: end.root), end.tree)
    }

    private func state(
        _ delta: StateDelta, timeline: [RoomEvent], tree: StateTree, of task: RoomTask, heroes: [UserID],
        wholeState: Bool, _ context: SyncContext
    ) async throws -> [RoomEvent] {
        let filter = context.filter.state
        guard filter.includes(room: task.room.roomID) else { return [] }
        var wanted = delta.events
        var keys: [StateKeyNID: StateKey] = [:]
        if filter.isSelective || filter.lazyLoadsMembers {
            keys = try await questions.stateKeys(Set(wanted.keys))
            wanted = wanted.filter { keys[$0.key].map { filter.includes(type: $0.type) } ?? false }
        }
        if filter.lazyLoadsMembers {
            // Members that changed in a gap are told whoever they are, others only when somebody needs them.
            if wholeState {
                let changed = try await changedSinceBefore(task, tree)
                wanted = wanted.filter { keys[$0.key]?.type != EventType.member || changed.contains($0.key) }
            }
            let needed = try await neededMembers(timeline, heroes: heroes, wholeState: wholeState, context)
            let members = try await StateDelta.atStart(
                of: context.usesStateAfter ? [] : timeline, otherwise: tree.root, keys: needed, tree: tree)
            let isRepeated = {
                !filter.includesRedundantMembers && !wholeState && context.known.contains($0, in: task.room.nid)
            }
            for (key, event) in members where wanted[key] == nil && !isRepeated(event) { wanted[key] = event }
            // A member event that the timeline brings first, and that stood in no state before, is not needed twice.
            let brought = Set(timeline.map(\.nid))
            wanted = wanted.filter { context.usesStateAfter || !brought.contains($0.value) }
        }
        let events = try await reader.events.list(Set(wanted.values).sorted(), in: task.room)
        return filter.isSelective ? events.filter { filter.includes($0.event) } : events
    }

    /// What changed while the user was away: the client still has the members that it knew.
    private func changedSinceBefore(_ task: RoomTask, _ tree: StateTree) async throws -> Set<StateKeyNID> {
        guard let before = task.seenBefore else { return [] }
        let states = try await questions.states(of: LogSpan(room: task.room.nid, since: before, head: task.upTo))
        return Set(try await tree.at(states.before).difference(to: tree.root).map(\.key))
    }

    /// The keys of the member events without which the timeline and the room's name cannot be shown.
    private func neededMembers(
        _ timeline: [RoomEvent], heroes: [UserID], wholeState: Bool, _ context: SyncContext
    ) async throws -> Set<StateKeyNID> {
        var users = Set(timeline.map(\.event.sender)).union(heroes)
        if wholeState { users.insert(context.user.userID) }
        return Set(try await questions.numbers(of: Set(users.map { .member($0) })).values)
    }
}
