import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Makes an answer out of what changed.
final class SyncBuilder: Sendable {
    let planner: SyncPlanner
    let rooms: RoomUpdateBuilder
    let stripped: StrippedRoomReader
    let changes: ChangeFinder
    let accountData: SyncAccountData
    let typing: Typing
    let receipts: ReceiptStore
    let unread: UnreadCounter
    let sticky: StickyEvents
    let interning: Interning
    let presence: SyncPresence?
    let devices: DeviceNewsSources
    let log: LogStore
    let telemetry: Telemetry

    init(
        _ setup: SyncSetup, planner: SyncPlanner, rooms: RoomUpdateBuilder, stripped: StrippedRoomReader
    ) {
        self.planner = planner
        self.rooms = rooms
        self.stripped = stripped
        changes = ChangeFinder(feed: setup.feed, log: setup.log)
        accountData = SyncAccountData(
            store: setup.accountData, rooms: setup.rooms.reader.store, pushRules: setup.pushRules)
        typing = setup.typing
        receipts = setup.receipts
        unread = setup.unread
        sticky = setup.rooms.sticky
        interning = setup.rooms.reader.interning
        presence = setup.presence.map { SyncPresence(visible: $0) }
        devices = setup.devices
        log = setup.log
        telemetry = setup.telemetry.labelled("sync")
    }

    /// What is beside the rooms' events.
    private struct Extras: Sendable {
        var accountData: [RoomNID: [[UInt8]]] = [:]
        var typing: [RoomNID: [UserID]] = [:]

        var rooms: Set<RoomNID> { Set(accountData.keys).union(typing.keys) }
    }

    /// A room of the answer, and what of it was wanted.
    struct Shown: Sendable {
        let task: RoomTask
        var update: RoomUpdate
    }

    /// - Returns: the answer, and what the device will know of members after it.
    func build(_ context: SyncContext) async throws -> (answer: SyncAnswer, known: KnownMembers) {
        var changes: ChangeSet?
        if let since = context.since { changes = try await self.changes.changes(for: context.view, since: since.log) }
        let data = try await accountData.read(context, own: changes?.own)
        var extras = Extras(accountData: data.rooms, typing: typingChanges(context))
        let plan = try await planner.plan(context, changes: changes, alsoChanged: extras.rooms)
        if context.since != nil, !context.fullState {
            let new = Set(plan.joined.lazy.filter { $0.knownUpTo == nil }.map(\.room.nid))
            try await extras.accountData.merge(accountData.read(of: new, context)) { $1 }
        }

        var answer = SyncAnswer(
            nextBatch: context.nextBatch, usesStateAfter: context.usesStateAfter,
            separatesThreads: context.filter.timeline.unreadThreadNotifications)
        answer.accountData = data.global
        if let presence { answer.presence = try await presence.events(context, joined: plan.joined) }
        if let device = context.deviceID {
            answer.devices = try await devices.news(
                for: device, of: context.view, since: context.since, changes: changes, inbox: context.inbox)
        }
        var joined = try await updates(plan.joined, context)
        try await addReceipts(to: &joined, context)
        for index in joined.indices { add(extras, to: &joined[index], context) }
        let known = known(after: joined, context)
        answer.joined = try await counted(joined, context)
        var left = try await updates(plan.left, context)
        for index in left.indices {
            left[index].update.accountData = extras.accountData[left[index].task.room.nid] ?? []
        }
        answer.left = left.map(\.update) + (try await emptied(plan.emptied, context))
        answer.invited = try await strippedRooms(plan.invited, context)
        answer.knocked = try await strippedRooms(plan.knocked, context)
        return (answer, known)
    }

    private func add(_ extras: Extras, to shown: inout Shown, _ context: SyncContext) {
        let room = shown.task.room
        shown.update.accountData = extras.accountData[room.nid] ?? []
        guard context.filter.ephemeral.includes(room: room.roomID) else { return }
        if let typists = extras.typing[room.nid], context.filter.ephemeral.includes(type: "m.typing") {
            shown.update.ephemeral.append(EphemeralEvents.typing(typists))
        }
    }

    private func known(after rooms: [Shown], _ context: SyncContext) -> KnownMembers {
        var known = context.known
        for shown in rooms where !shown.update.members.isEmpty {
            known.formUnion(shown.update.members, in: shown.task.room.nid)
        }
        return known
    }

    // MARK: Ephemeral

    private func typingChanges(_ context: SyncContext) -> [RoomNID: [UserID]] {
        let isJoined = { (room: RoomNID) in context.view.standings[room]?.membership == .join }
        guard let since = context.since, !context.fullState else { return typing.current(in: isJoined) }
        return typing.changes(after: since.ephemeral, upTo: context.view.ephemeral, in: isJoined)
    }

    private func addReceipts(to rooms: inout [Shown], _ context: SyncContext) async throws {
        let filter = context.filter.ephemeral
        let wanted = rooms.map(\.task).filter { $0.change?.hasReceipts ?? true || $0.knownUpTo == nil }
        let found = try await receipts.changes(
            in: wanted.map { (room: $0.room.nid, since: $0.knownUpTo ?? 0, head: $0.upTo) }, for: context.user.nid)
        guard !found.isEmpty else { return }
        let users = try await interning.users(Set(found.map(\.userNID)))
        let byRoom = Dictionary(grouping: found, by: \.roomNID)
        for index in rooms.indices {
            let room = rooms[index].task.room
            guard let receipts = byRoom[room.nid] else { continue }
            rooms[index].update.hasOwnReceipts = receipts.contains { $0.userNID == context.user.nid }
            guard filter.includes(room: room.roomID), filter.includes(type: "m.receipt") else { continue }
            rooms[index].update.ephemeral += EphemeralEvents.receipts(receipts, users: users)
        }
    }

    // MARK: Counts

    /// The rooms that have something to show, with what is unread in them.
    private func counted(_ rooms: [Shown], _ context: SyncContext) async throws -> [RoomUpdate] {
        let shown = rooms.filter { !$0.update.isEmpty || context.fullState }
        let counts = try await unread.counts(
            of: context.user.nid,
            in: shown.map { ($0.task.room, UnreadQuestion($0.task.standing, in: $0.task.room, upTo: $0.task.upTo)) })
        return shown.map { shown in
            var update = shown.update
            update.unread = counts[shown.task.room.nid] ?? UnreadCounts()
            return update
        }
    }
}
