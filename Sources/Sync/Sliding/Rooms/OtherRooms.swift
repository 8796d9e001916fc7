import Cluster
import MatrixCore
import Rooms
import Storage

/// Reads rooms that the user is not in: by what invites and knocks say of them, and as they were when the user left.
///
/// Of a room that was left nothing is shown from after the end of the stay but the user's own membership.
struct OtherRooms: Sendable {
    let reader: RoomReader
    let questions: RoomQuestions
    let timelines: TimelineReader
    let stripped: StrippedRoomReader
    let standings: StandingReader

    private func beginning(_ task: SlidingRoomTask, _ kind: ToldRoom.Kind, _ context: SlidingContext) -> SlidingReading
    {
        var result = SlidingRoom(roomID: task.room.roomID, membership: task.standing.membership)
        result.lists = task.interest.lists
        result.isInitial = context.told[task.room.nid] == nil
        result.bumpStamp = task.listed.recency
        if result.isInitial ? task.isDirect : context.told[task.room.nid]?.isDirect != task.isDirect {
            result.isDirect = task.isDirect
        }
        var told = ToldRoom(kind: kind, isDirect: task.isDirect, config: 0, timeline: 0)
        told.standing = ToldRoom.mark(of: task.standing)
        told.accountData = context.told[task.room.nid]?.accountData ?? .never
        return SlidingReading(
            room: task.room, viewer: Viewer(user: context.user, membership: nil, ignored: context.ignored),
            result: result, told: told)
    }

    /// - Parameter told: what came with the invite, where another server sent it.
    /// - Returns: `nil` when the invite comes from somebody from whom the user wants none.
    func readOutside(
        _ task: SlidingRoomTask, told: [UInt8]?, _ context: SlidingContext
    ) async throws -> SlidingReading? {
        var reading = beginning(task, .outside, context)
        guard
            let room = try await stripped.read(
                task.room, standing: task.standing, told: told, user: context.user, ignored: context.ignored)
        else { return nil }
        reading.result.isInitial = context.told[task.room.nid]?.kind != .outside
        reading.result.strippedState = room.events
        return reading
    }

    /// - Parameter departure: the event by which the user got out of a room in which this server is not, where it is kept.
    func readGone(
        _ task: SlidingRoomTask, _ departure: RoomEvent?, _ context: SlidingContext
    ) async throws -> SlidingReading {
        var reading = beginning(task, .gone, context)
        if let departure {
            tell(departure, of: task, context, into: &reading)
            return reading
        }
        guard !task.standing.isForgotten else {
            try await tellRefusal(task, newest: nil, context, into: &reading)
            return reading
        }
        let departure = try await standings.departure(
            of: context.user, from: task.room, task.standing, reader: reader)
        guard let end = departure.end, let state = try await reader.state(after: end, in: task.room) else {
            try await tellRefusal(task, newest: departure.changes.first, context, into: &reading)
            return reading
        }
        reading.viewer = Viewer(
            user: context.user, membership: task.standing.record(of: context.user.nid, in: task.room.nid),
            leftAt: .after(end.stored), ignored: context.ignored)
        // What is seen of what came after the stay is decided where it is for all: mostly no more than the user's own membership.
        let last = max(end.stored.position, departure.changes.first?.stored.position ?? 0)
        let before = context.told[task.room.nid]
        switch before?.kind {
        case .inside? where task.known < end.stored.position:
            try await readTimeline(of: task, after: task.known, upTo: last, context, into: &reading)
            try await readEnd(of: task, from: task.known, state, context, into: &reading)
        // The client knows the end of the stay, and not yet what came of it: a ban, for instance.
        case .gone? where Self.toldPosition(before) >= end.stored.position:
            try await readTimeline(of: task, after: Self.toldPosition(before), upTo: last, context, into: &reading)
        case .gone?, .inside?, .outside?, nil:
            reading.result.isInitial = true
            try await readTimeline(of: task, after: 0, upTo: last, context, into: &reading)
            try await readStay(of: task, state, into: &reading)
        }
        addOwn(departure.changes.first, to: &reading, task, context)
        return reading
    }

    /// Where the membership stands that the client was told; 0 for one that the room's own log does not tell.
    private static func toldPosition(_ told: ToldRoom?) -> Int64 {
        told.map { $0.standing & 1 == 0 ? $0.standing >> 1 : 0 } ?? 0
    }

    // MARK: The end of a stay

    /// What became of the state that the client knows, up to the end of the stay.
    private func readEnd(
        of task: SlidingRoomTask, from known: Int64, _ state: RoomSnapshot, _ context: SlidingContext,
        into reading: inout SlidingReading
    ) async throws {
        let states = try await questions.states(of: LogSpan(room: task.room.nid, since: known, head: known))
        let difference = try await state.tree.at(states.before).difference(to: state.root)
        let names = try await questions.stateKeys(Set(difference.map(\.key)))
        let required = task.config.required
        var wanted: Set<EventNID> = []
        for entry in difference {
            guard let name = names[entry.key], required.matches(name) else { continue }
            if let event = entry.new { wanted.insert(event) } else { reading.result.removedState.append(name) }
        }
        if required.lazyMembers {
            let members = try await RequiredStateReader(questions: questions).members(
                neededBy: reading.timeline, in: state.tree)
            wanted.formUnion(members.values.filter { context.told[task.room.nid]?.knows($0) != true })
        }
        reading.state = try await reader.events.events(wanted, in: task.room).values.sorted { $0.nid < $1.nid }
    }

    /// The room as the user left it, for a client that does not know it.
    private func readStay(
        of task: SlidingRoomTask, _ state: RoomSnapshot, into reading: inout SlidingReading
    ) async throws {
        let required = RequiredStateReader(questions: questions)
        var wanted = try await required.all(task.config.required, in: state.tree)
        if task.config.required.lazyMembers {
            wanted.merge(try await required.members(neededBy: reading.timeline, in: state.tree)) { $1 }
        }
        reading.state = try await reader.events.events(Set(wanted.values), in: task.room).values
            .sorted { $0.nid < $1.nid }
        let meta = try await state.events([StateKey(EventType.name), StateKey(EventType.avatar)])
        if let name = Self.text(meta[StateKey(EventType.name)], "name") { reading.result.name = .value(name) }
        if let avatar = Self.text(meta[StateKey(EventType.avatar)], "url") { reading.result.avatar = .value(avatar) }
    }

    private static func text(_ event: RoomEvent?, _ member: String) -> String? {
        guard let event, event.stored.redactedBy == nil else { return nil }
        return event.event.content[member]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func readTimeline(
        of task: SlidingRoomTask, after: Int64, upTo: Int64, _ context: SlidingContext,
        into reading: inout SlidingReading
    ) async throws {
        let limit = min(task.config.timelineLimit, SlidingRequest.maxTimeline)
        guard limit > 0 else { return }
        let timeline = try await timelines.read(
            of: task.room, after: after, upTo: upTo, known: nil, viewer: &reading.viewer, limit: limit)
        reading.timeline = timeline.events
        reading.result.isLimited = timeline.isLimited
        reading.result.prevBatch = timeline.events.first.map { HistoryToken.arrival(of: $0.stored).text }
        let since = context.since?.log[task.room.shard]
        reading.result.live =
            timeline.events.reversed().prefix { event in
                since.map { event.stored.position > $0 } ?? false
            }.count
    }

    // MARK: The user's own membership

    /// Of somebody who was never in the room, or wants to forget it, only that it is over.
    private func tellRefusal(
        _ task: SlidingRoomTask, newest: RoomEvent?, _ context: SlidingContext, into reading: inout SlidingReading
    ) async throws {
        reading.result.isInitial = reading.result.isInitial || context.told[task.room.nid]?.kind == .outside
        guard let newest else {
            let own = OwnDeparture(task, context)
            reading.result.strippedState = [own.stripped]
            reading.result.requiredState = [own.event]
            return
        }
        reading.result.strippedState = [JSONWriter.write { newest.event.writeStrippedState(to: &$0) }]
        reading.viewer = Viewer(
            user: context.user, membership: task.standing.record(of: context.user.nid, in: task.room.nid),
            ignored: context.ignored)
        let told = context.told[task.room.nid]
        try await readTimeline(
            of: task, after: told?.kind == .inside ? newest.stored.position - 1 : Self.toldPosition(told),
            upTo: newest.stored.position, context, into: &reading)
        addOwn(newest, to: &reading, task, context)
    }

    /// Of a room in which neither the user nor this server was, only how the user got out of it.
    private func tell(
        _ departure: RoomEvent, of task: SlidingRoomTask, _ context: SlidingContext, into reading: inout SlidingReading
    ) {
        reading.result.isInitial = reading.result.isInitial || context.told[task.room.nid]?.kind == .outside
        reading.result.strippedState = [JSONWriter.write { departure.event.writeStrippedState(to: &$0) }]
        reading.state = [departure]
        guard task.config.timelineLimit > 0 else { return }
        reading.timeline = [departure]
        reading.result.isLimited = false
        reading.result.live = context.since == nil ? 0 : 1
    }

    private func addOwn(
        _ newest: RoomEvent?, to reading: inout SlidingReading, _ task: SlidingRoomTask, _ context: SlidingContext
    ) {
        let key = StateKey.member(context.user.userID)
        guard let newest, task.config.required.lazyMembers || task.config.required.matches(key) else { return }
        reading.state.removeAll { $0.event.fullStateKey == key }
        reading.state.append(newest)
    }
}

/// The end of a membership of which this server has no event: an invite of another server that was refused, or a room that was
/// forgotten. Clients need an event to see it by, so it gets one that stands nowhere.
private struct OwnDeparture {
    let event: [UInt8]
    let stripped: [UInt8]

    init(_ task: SlidingRoomTask, _ context: SlidingContext) {
        let user = context.user.userID
        let name = "\(task.room.roomID)\u{0}\(user)\u{0}\(task.standing.shard)\u{0}\(task.standing.position)"
        let eventID = "$" + Base64.encodeURLSafe(BLAKE2b.hash256(Array(name.utf8)))
        let membership = task.standing.membership
        let time = task.listed.recency
        func write(_ writer: inout JSONWriter, isStripped: Bool) {
            writer.object { writer in
                writer.object(key: "content") { $0.field("membership", membership.rawValue) }
                if !isStripped {
                    writer.field("event_id", eventID)
                    writer.field("origin_server_ts", time)
                }
                writer.field("sender", user)
                writer.field("state_key", user)
                writer.field("type", EventType.member)
            }
        }
        event = JSONWriter.write { write(&$0, isStripped: false) }
        stripped = JSONWriter.write { write(&$0, isStripped: true) }
    }
}
