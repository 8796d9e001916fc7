import Cluster
import MatrixCore
import Rooms
import Storage

/// Reads one room for an answer: its timeline, the state that goes with it, its summary.
struct RoomUpdateBuilder: Sendable {
    let reader: RoomReader
    let log: LogStore
    let timelines: TimelineReader
    let visibility: EventVisibility
    let renderer: SyncEventRenderer

    init(rooms: RoomService, log: LogStore) {
        reader = rooms.reader
        self.log = log
        visibility = rooms.visibility
        timelines = TimelineReader(reader: rooms.reader, visibility: rooms.visibility)
        renderer = SyncEventRenderer(renderer: EventRenderer(reader: rooms.reader))
    }

    func build(_ task: RoomTask, _ context: SyncContext) async throws -> RoomUpdate {
        var update = RoomUpdate(roomID: task.room.roomID)
        update.isNew = task.knownUpTo == nil
        let hasEvents = task.change?.hasEvents ?? true
        guard hasEvents || update.isNew || context.fullState else { return update }
        let timeline = try await timeline(of: task, context)
        let (states, tree) = try await states(of: task)
        let wholeState = update.isNew || context.fullState
        let delta = try await StateDelta.between(
            wholeState ? .empty : states.before, states.after,
            timeline: context.usesStateAfter ? [] : timeline.events, tree: tree)
        if task.isJoined, wholeState || states.before != states.after {
            update.summary = try await RoomSummary.read(
                of: reader.snapshot(of: task.room, at: states.after), for: context.user, reader: reader)
        }
        let state = try await state(
            delta, timeline: timeline.events, tree: tree, of: task, heroes: update.summary?.heroes ?? [],
            wholeState: wholeState, context)
        if context.loadsMembersLazily {
            update.members = (state + timeline.events).filter { $0.event.type == EventType.member }.map(\.nid)
        }
        update.timeline = try await renderer.render(timeline.events, in: task.room, context)
        update.state = try await renderer.render(state, in: task.room, context)
        // Whoever is told a room anew has a gap before it, whatever was left out.
        update.isLimited = timeline.isLimited || (update.isNew && context.since != nil && task.isJoined)
        update.prevBatch = timeline.events.first.map { TimelinePoint.before($0.stored).token } ?? context.nextBatch
        return update
    }

    // MARK: Timeline

    private func timeline(of task: RoomTask, _ context: SyncContext) async throws -> TimelineReader.Timeline {
        let filter = context.filter.timeline
        guard filter.includes(room: task.room.roomID) else { return TimelineReader.Timeline() }
        let numbers = task.knownUpTo == nil ? nil : Self.numbers(in: task)
        return try await timelines.read(
            of: task.room, after: task.knownUpTo ?? 0, upTo: task.upTo, numbers: numbers,
            viewer: try await viewer(of: task, context), limit: filter.limit ?? TimelineReader.defaultLimit,
            matching: { filter.includes($0) })
    }

    /// The events of the stretch as the log's rows tell them.
    private static func numbers(in task: RoomTask) -> [EventNID]? {
        task.change?.rows.map { rows in
            rows.filter { $0.kind == .roomEvents && $0.position <= task.upTo }.flatMap { $0.eventNIDs.sorted() }
        }
    }

    private func viewer(of task: RoomTask, _ context: SyncContext) async throws -> Viewer {
        if task.isJoined {
            let standing = task.standing
            let record = MembershipRecord(
                roomNID: task.room.nid, userNID: context.user.nid, membership: standing.membership,
                eventNID: standing.eventNID, shard: standing.shard, position: standing.position,
                isForgotten: standing.isForgotten)
            return Viewer(user: context.user, membership: record, ignored: context.ignored)
        }
        var viewer = try await visibility.viewer(context.user, of: task.room)
        viewer.ignored = context.ignored
        return viewer
    }

    // MARK: State

    /// The room's state as the client knows it, and as it is at the end of the stretch; with a tree that reads both.
    private func states(of task: RoomTask) async throws -> (LogStateChange, StateTree) {
        let (room, knownUpTo) = (task.room, task.knownUpTo)
        let rows = task.change?.rows?.filter { $0.kind == .roomEvents && $0.position <= task.upTo } ?? []
        if task.departure == nil, knownUpTo != nil, let first = rows.first?.state, let last = rows.last?.state {
            return (LogStateChange(before: first.before, after: last.after), reader.tree(of: room, at: last.after))
        }
        let stored = try await log.states(of: [(room: room.nid, since: knownUpTo ?? -1, head: task.upTo)])[room.nid]
        let states = stored ?? LogStateChange(before: .empty, after: .empty)
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
        let keys = try await reader.interning.stateKeys(delta.events.keys)
        var wanted = delta.events.filter { keys[$0.key].map { filter.includes(type: $0.type) } ?? false }
        if filter.lazyLoadsMembers {
            // Members that changed in a gap are told whoever they are, others only when somebody needs them.
            if wholeState { wanted = wanted.filter { keys[$0.key]?.type != EventType.member } }
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
        let events = try await reader.events.events(Set(wanted.values), in: task.room)
        return events.values.filter { filter.includes($0.event) }.sorted { $0.nid < $1.nid }
    }

    /// The keys of the member events without which the timeline and the room's name cannot be shown.
    private func neededMembers(
        _ timeline: [RoomEvent], heroes: [UserID], wholeState: Bool, _ context: SyncContext
    ) async throws -> Set<StateKeyNID> {
        var users = Set(timeline.map(\.event.sender)).union(heroes)
        if wholeState { users.insert(context.user.userID) }
        return Set(try await reader.interning.knownStateKeys(users.map { .member($0) }).values)
    }
}
