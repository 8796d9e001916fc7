import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage

/// Makes an answer out of what changed.
struct SyncBuilder: Sendable {
    /// Rooms that are read at the same time for one answer.
    private static let maxParallelRooms = 8

    let planner: SyncPlanner
    let rooms: RoomUpdateBuilder
    let stripped: StrippedRoomReader
    let changes: ChangeFinder
    let accountData: SyncAccountData
    let typing: Typing
    let receipts: ReceiptStore
    let unread: UnreadCounter
    let interning: Interning

    /// What is beside the rooms' events.
    private struct Extras: Sendable {
        var accountData: [RoomNID: [[UInt8]]] = [:]
        var typing: [RoomNID: [UserID]] = [:]

        var rooms: Set<RoomNID> { Set(accountData.keys).union(typing.keys) }
    }

    /// - Returns: the answer, and what the device will know of members after it.
    func build(_ context: SyncContext) async throws -> (answer: SyncAnswer, known: KnownMembers) {
        var changes: ChangeSet?
        if let since = context.since { changes = try await self.changes.changes(for: context.view, since: since.log) }
        let data = try await accountData.read(context, own: changes?.own)
        let extras = Extras(accountData: data.rooms, typing: typingChanges(context))
        let plan = try await planner.plan(context, changes: changes, alsoChanged: extras.rooms)

        var answer = SyncAnswer(
            nextBatch: context.nextBatch, usesStateAfter: context.usesStateAfter,
            separatesThreads: context.filter.timeline.unreadThreadNotifications)
        answer.accountData = data.global
        var joined = try await updates(plan.joined, context)
        try await addReceipts(to: &joined, plan.joined, context)
        for index in joined.indices { add(extras, of: plan.joined[index].room, to: &joined[index], context) }
        let known = known(after: joined, plan.joined, context)
        answer.joined = try await counted(joined, plan.joined, context)
        answer.left = try await updates(plan.left, context) + plan.emptied.map { RoomUpdate(roomID: $0) }
        for (room, standing) in plan.invited {
            if let invite = try await strippedRoom(room, standing, context) { answer.invited.append(invite) }
        }
        for (room, standing) in plan.knocked {
            if let knock = try await strippedRoom(room, standing, context) { answer.knocked.append(knock) }
        }
        return (answer, known)
    }

    private func strippedRoom(
        _ room: RoomRecord, _ standing: RoomStanding, _ context: SyncContext
    ) async throws -> StrippedRoom? {
        try await stripped.read(room, standing: standing, user: context.user, ignored: context.ignored)
    }

    // MARK: Rooms

    /// The rooms, read several at a time, in the order of the tasks.
    private func updates(_ tasks: [RoomTask], _ context: SyncContext) async throws -> [RoomUpdate] {
        // Most answers hold one room; they need no child tasks.
        if tasks.count == 1 { return [try await rooms.build(tasks[0], context)] }
        return try await withThrowingTaskGroup(of: (Int, RoomUpdate).self) { group in
            var updates: [RoomUpdate?] = Array(repeating: nil, count: tasks.count)
            var next = 0
            func startNext() {
                guard next < tasks.count else { return }
                let (index, task) = (next, tasks[next])
                next += 1
                group.addTask { (index, try await rooms.build(task, context)) }
            }
            for _ in 0..<Self.maxParallelRooms { startNext() }
            while let (index, update) = try await group.next() {
                updates[index] = update
                startNext()
            }
            return updates.compactMap { $0 }
        }
    }

    private func add(_ extras: Extras, of room: RoomRecord, to update: inout RoomUpdate, _ context: SyncContext) {
        update.accountData = extras.accountData[room.nid] ?? []
        guard context.filter.ephemeral.includes(room: room.roomID) else { return }
        if let typists = extras.typing[room.nid], context.filter.ephemeral.includes(type: "m.typing") {
            update.ephemeral.append(EphemeralEvents.typing(typists))
        }
    }

    // MARK: Ephemeral

    private func typingChanges(_ context: SyncContext) -> [RoomNID: [UserID]] {
        let isJoined = { (room: RoomNID) in context.view.standings[room]?.membership == .join }
        guard let since = context.since, !context.fullState else { return typing.current(in: isJoined) }
        return typing.changes(after: since.ephemeral, upTo: context.view.ephemeral, in: isJoined)
    }

    private func addReceipts(
        to updates: inout [RoomUpdate], _ tasks: [RoomTask], _ context: SyncContext
    ) async throws {
        let filter = context.filter.ephemeral
        let wanted = tasks.filter { $0.change?.hasReceipts ?? true || $0.knownUpTo == nil }
        let found = try await receipts.changes(
            in: wanted.map { (room: $0.room.nid, since: $0.knownUpTo ?? 0, head: $0.upTo) }, for: context.user.nid)
        guard !found.isEmpty else { return }
        let users = try await interning.users(Set(found.map(\.userNID)))
        let byRoom = Dictionary(grouping: found, by: \.roomNID)
        for (index, task) in tasks.enumerated() {
            guard let receipts = byRoom[task.room.nid] else { continue }
            updates[index].hasOwnReceipts = receipts.contains { $0.userNID == context.user.nid }
            guard filter.includes(room: task.room.roomID), filter.includes(type: "m.receipt") else { continue }
            updates[index].ephemeral += EphemeralEvents.receipts(receipts, users: users)
        }
    }

    // MARK: Counts

    /// The rooms that have something to show, with what is unread in them.
    private func counted(
        _ updates: [RoomUpdate], _ tasks: [RoomTask], _ context: SyncContext
    ) async throws -> [RoomUpdate] {
        let shown = zip(updates, tasks).filter { !$0.0.isEmpty || context.fullState }
        let counts = try await unread.counts(
            of: context.user.nid,
            in: shown.map { _, task in
                (
                    task.room,
                    UnreadQuestion(
                        roomNID: task.room.nid,
                        floor: task.standing.shard == task.room.shard ? task.standing.position : 0,
                        head: task.upTo)
                )
            })
        return shown.map { update, task in
            var update = update
            update.unread = counts[task.room.nid] ?? UnreadCounts()
            return update
        }
    }

    private func known(after updates: [RoomUpdate], _ tasks: [RoomTask], _ context: SyncContext) -> KnownMembers {
        var known = context.known
        for (update, task) in zip(updates, tasks) where !update.members.isEmpty {
            known.formUnion(update.members, in: task.room.nid)
        }
        return known
    }
}
