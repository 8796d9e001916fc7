import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Makes an answer: finds the rooms that are asked for, reads those with news, adds the extensions, and takes note of all that is
/// told.
final class SlidingBuilder: Sendable {
    let rooms: RoomService
    let log: LogStore
    let lists: SlidingLists
    let changes: ChangeFinder
    let account: AccountFactsReader
    let unread: UnreadCounter
    let memory: RoomMemory
    let planner = SlidingPlanner()
    let accountData: AccountDataExtension
    let receipts: ReceiptsExtension
    let typing: TypingExtension
    let threads: ThreadsExtension
    let endToEnd: EndToEndExtensions
    let telemetry: Telemetry

    init(_ setup: SyncSetup, lists: SlidingLists, threads: ThreadSubscriptions) {
        let reader = setup.rooms.reader
        rooms = setup.rooms
        log = setup.log
        self.lists = lists
        changes = ChangeFinder(feed: setup.feed, log: setup.log)
        account = AccountFactsReader(store: setup.accountData, rooms: reader.store, feed: setup.feed)
        unread = setup.unread
        memory = setup.memory
        accountData = AccountDataExtension(store: setup.accountData, pushRules: setup.pushRules)
        receipts = ReceiptsExtension(store: setup.receipts, interning: reader.interning)
        typing = TypingExtension(typing: setup.typing)
        self.threads = ThreadsExtension(subscriptions: threads)
        endToEnd = EndToEndExtensions(sources: setup.devices, incarnation: setup.feed.installation.incarnation)
        telemetry = setup.telemetry.labelled("sliding-sync")
    }

    /// - Parameters:
    ///   - since: where the client is; `nil` when it knows nothing.
    ///   - next: where it will be.
    ///   - told: what it was told before.
    ///   - memory: the lists at `since`, if the client was told all that this request asks for up to there.
    func build(
        _ request: SlidingRequest, _ view: UserView, since: SyncToken?, next: SyncToken, told: ConnectionState,
        from memory: ListMemory?
    ) async throws -> Built {
        let reader = rooms.reader.gathering()
        var changes: ChangeSet?
        if let since { changes = try await self.changes.changes(for: view, since: since.log) }
        let context = SlidingContext(
            view: view, deviceID: request.deviceID, dialect: request.dialect, since: since, next: next,
            changes: changes,
            told: told, account: try await account.facts(of: view.user.nid),
            ignored: try await rooms.ignored.users(ignoredBy: view.user.nid), reader: reader,
            now: telemetry.clock.nowMilliseconds)
        let found = try await find(request.content, context, from: memory)
        let tasks = try await planner.tasks(found, context)
        var state = told
        try await passOver(found, context, &state)
        let readings = try await read(tasks, context)
        for (task, reading) in zip(tasks, readings) {
            note(reading, of: task, context, &state)
        }
        let results = try await finished(readings.compactMap { $0 }, tasks, context)
        var answer = SlidingAnswer(dialect: request.dialect, counts: found.counts)
        answer.rooms = results.map(\.room)
        answer.isSettled = !tasks.contains { $0.listed.form == .gone }
        answer.extensions = try await extensions(
            request.content.extensions, context, found,
            Dictionary(uniqueKeysWithValues: results.map { ($0.nid, $0.room) }), &state)
        let hasAll = answer.isSettled && !planner.hasNews(found, context.after(telling: state))
        return Built(answer: answer, told: state, lists: hasAll ? found.memory : nil)
    }

    /// An answer, and what it leads to.
    struct Built: Sendable {
        var answer: SlidingAnswer
        /// What the connection was told, this answer included.
        let told: ConnectionState
        /// The lists, if the client has been told all that it asked for.
        let lists: ListMemory?
    }

    /// The rooms that are asked for, or of them those that may have something new.
    private func find(
        _ content: SlidingRequest.Content, _ context: SlidingContext, from memory: ListMemory?
    ) async throws -> InterestingRooms {
        if let memory {
            let busy = content.extensions.typing == nil ? [] : typing.changedRooms(context)
            if let found = try await lists.follow(memory, content, busy, context) { return found }
        }
        return try await lists.find(content, context)
    }

    // MARK: What is told

    /// Notes of rooms that the request does not ask for that something happened there which is not told now.
    private func passOver(
        _ found: InterestingRooms, _ context: SlidingContext, _ state: inout ConnectionState
    ) async throws {
        guard let since = context.since, let changes = context.changes else { return }
        var passed = changes.rooms.filter { $0.value.hasEvents }.map(\.key)
        for room in changes.touched ?? Set(context.view.standings.keys) {
            guard let standing = context.view.standings[room], standing.membership != .join,
                standing.position > since.log[standing.shard]
            else { continue }
            passed.append(room)
        }
        passed.removeAll { found.rooms[$0] != nil || state[$0]?.kind != .inside || state[$0]?.events != .live }
        guard !passed.isEmpty else { return }
        for (nid, room) in try await context.reader.store.rooms(passed) {
            state[nid]?.events = .upTo(since.log[room.shard])
        }
    }

    private func note(
        _ reading: SlidingReading?, of task: SlidingRoomTask, _ context: SlidingContext, _ state: inout ConnectionState
    ) {
        guard let reading else {
            // What could not be read is tried again from where the client is.
            if let told = state[task.room.nid], told.kind == .inside, told.events == .live {
                state[task.room.nid]?.events = .upTo(context.since?.log[task.room.shard] ?? 0)
            }
            return
        }
        var told = reading.told
        if task.isInitial || task.hasEvents || task.expandsState {
            told.config = state.place(of: task.config.required)
        }
        state[task.room.nid] = told
    }

    // MARK: Rooms

    /// The rooms in the order of the tasks; `nil` for those that are not shown or cannot be read.
    private func read(_ tasks: [SlidingRoomTask], _ context: SlidingContext) async throws -> [SlidingReading?] {
        guard !tasks.isEmpty else { return [] }
        let reader = context.reader
        let questions = RoomQuestions(reader: reader, log: log, clock: telemetry.clock)
        let timelines = TimelineReader(
            reader: reader, visibility: EventVisibility(reader: reader), earlierStates: memory.earlierStates,
            questions: questions)
        let inside = InsideRooms(reader: reader, questions: questions, timelines: timelines, memory: memory)
        let others = OtherRooms(
            reader: reader, questions: questions, timelines: timelines,
            stripped: StrippedRoomReader(rooms: rooms).gathering(),
            standings: lists.standings)
        try await inside.prepare(for: tasks, by: context.user.userID)
        let newest = try await SlidingTimelines(store: reader.eventStore, tails: memory.tails).newest(for: tasks)
        let invited = tasks.filter { $0.listed.form == .outside }.map(\.room.nid)
        let told = invited.isEmpty ? [:] : try await others.stripped.told(of: invited, to: context.user.nid)
        let strange = tasks.filter { $0.listed.form == .gone && $0.standing.eventNID == EventNID(0) }.map(\.room.nid)
        let departures = try await reader.outsideDepartures(from: strange, of: context.user)
        return try await SideBySide.map(tasks, isShort: { inside.remembers($0, of: context.user.userID) }) { task in
            do {
                switch task.listed.form {
                case .inside: return try await inside.read(task, newest: newest[task.room.nid], context)
                case .outside: return try await others.readOutside(task, told: told[task.room.nid], context)
                case .gone: return try await others.readGone(task, departures[task.room.nid], context)
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                // One room that cannot be shown must not take all others away.
                self.telemetry.log.error(
                    "a room was left out of a sync", [.roomID: "\(task.room.roomID)", .cause: "\(error)"])
                return nil
            }
        }
    }

    private func finished(
        _ readings: [SlidingReading], _ tasks: [SlidingRoomTask], _ context: SlidingContext
    ) async throws -> [(nid: RoomNID, room: SlidingRoom)] {
        guard !readings.isEmpty else { return [] }
        let byRoom = Dictionary(uniqueKeysWithValues: tasks.map { ($0.room.nid, $0) })
        var readings = readings
        try await addBumps(to: &readings, byRoom, context)
        let bundles = try await RelationBundler(reader: context.reader).bundles(
            for: readings.filter { $0.result.isLimited == true }.map {
                RelationBundler.Page(room: $0.room, viewer: $0.viewer, events: $0.timeline)
            })
        let renderer = EventRenderer(reader: context.reader)
        var results = try await SideBySide.map(readings, isShort: { _ in true }) { reading in
            var room = reading.result
            func view(ofState isState: Bool) -> EventRenderer.Context {
                EventRenderer.Context(
                    viewer: reading.viewer, deviceID: context.deviceID, now: context.now, includesRoomID: false,
                    isState: isState)
            }
            room.timeline = try await renderer.render(
                reading.timeline, in: reading.room, for: view(ofState: false),
                with: bundles[reading.room.nid] ?? .none)
            room.requiredState =
                try await renderer.render(reading.state, in: reading.room, for: view(ofState: true))
                + (room.requiredState ?? [])
            room.eventIDs = reading.timeline.map(\.eventID)
            return (nid: reading.room.nid, room: room)
        }
        results.removeAll { $0.room.isEmpty && byRoom[$0.nid]?.hasOwnReceipts != true }
        if context.dialect == .unstable { try await addCounts(to: &results, byRoom, context) }
        return results
    }

    private func addCounts(
        to results: inout [(nid: RoomNID, room: SlidingRoom)], _ tasks: [RoomNID: SlidingRoomTask],
        _ context: SlidingContext
    ) async throws {
        let questions = results.compactMap { result -> (room: RoomRecord, question: UnreadQuestion)? in
            guard let task = tasks[result.nid], task.listed.form == .inside else { return nil }
            return (task.room, UnreadQuestion(task.standing, in: task.room, upTo: task.head))
        }
        let counts = try await unread.counts(of: context.user.nid, in: questions)
        for index in results.indices { results[index].room.unread = counts[results[index].nid]?.total }
    }

    /// When the newest event came that counts as activity.
    private func addBumps(
        to readings: inout [SlidingReading], _ tasks: [RoomNID: SlidingRoomTask], _ context: SlidingContext
    ) async throws {
        var open: [Int] = []
        for index in readings.indices where readings[index].needsBump {
            let newest = readings[index].timeline.last { RoomBumps.types.contains($0.event.type) }
            let row = newest.flatMap { event in readings[index].rows.last { $0.position == event.stored.position } }
            let activity = tasks[readings[index].room.nid]?.listed.activity
            if let row, row.writtenAt > 0 {
                readings[index].result.bumpStamp = row.writtenAt
            } else if let activity, activity.position == newest?.stored.position {
                readings[index].result.bumpStamp = activity.writtenAt
            } else {
                open.append(index)
            }
        }
        guard !open.isEmpty else { return }
        let times = try await memory.bumps.times(
            of: open.map { index in
                let room = readings[index].room
                return (room, context.head(of: room), tasks[room.nid]?.remembered)
            })
        var quiet: [(room: RoomNID, standing: RoomStanding)] = []
        for index in open {
            let room = readings[index].room.nid
            readings[index].result.bumpStamp = times[room]
            if times[room] == nil, readings[index].result.isInitial, let task = tasks[room] {
                quiet.append((room, task.standing))
            }
        }
        guard !quiet.isEmpty else { return }
        let origins = try await lists.standings.origins(of: quiet, reader: context.reader)
        for index in open where readings[index].result.bumpStamp == nil {
            readings[index].result.bumpStamp = origins[readings[index].room.nid]?.writtenAt
        }
    }

    // MARK: Extensions

    private func extensions(
        _ request: SlidingExtensionRequests, _ context: SlidingContext, _ found: InterestingRooms,
        _ answered: [RoomNID: SlidingRoom], _ state: inout ConnectionState
    ) async throws -> SlidingExtensions {
        let namesRooms = [request.accountData, request.receipts, request.typing].contains { $0?.rooms != nil }
        let answer = SlidingExtensionContext(
            context: context, found: found, answered: answered,
            records: namesRooms ? try await context.reader.store.rooms(Array(found.rooms.keys)) : [:])
        var extensions = SlidingExtensions()
        extensions.endToEnd = try await endToEnd.endToEnd(request.endToEnd, context, &state)
        extensions.accountData = try await accountData.read(request.accountData, answer, &state)
        extensions.receipts = try await receipts.read(request.receipts, answer, &state)
        extensions.typing = try await typing.read(request.typing, answer)
        extensions.threads = try await threads.read(request.threadSubscriptions, answer, &state)
        return extensions
    }
}
