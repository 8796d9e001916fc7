import Cluster
import MatrixCore
import Rooms
import Storage
import Synchronization
import Telemetry

/// The notifications of one shard's rooms while this worker holds the slot: a queue for each pusher, so that a slow gateway
/// keeps nobody waiting but its own users.
final class PushSlot: Sendable {
    /// Events with notifications under way; when there are so many the log is not read on.
    private static let maxOpen = 2000
    private static let pauseWhenFull = Duration.milliseconds(100)
    static let firstPause = Duration.seconds(1)
    static let longestPause = Duration.seconds(600)
    /// After it nobody wants to be told any more.
    static let maxAgeMilliseconds: Int64 = 24 * 3600 * 1000

    /// Looks for those whom events notify, for all slots of a worker together.
    typealias RecipientSearch = SharedQuestions<NotifyingEvent, [PushRecipient]>

    private struct State {
        var queues: [PusherKey: PusherQueue] = [:]
        var progress: PushProgress
    }

    let shard: Int16
    /// The position of the shard after which there is something to do.
    let start: Int64
    private let lease: DutyLease
    private let services: PushServices
    private let courier: PushCourier
    private let search: RecipientSearch
    private let state: Mutex<State>

    private var store: PusherStore { services.pushers }
    private var clock: any Clock { services.telemetry.clock }

    init(_ lease: DutyLease, _ services: PushServices, _ courier: PushCourier, _ search: RecipientSearch) {
        self.lease = lease
        self.services = services
        self.courier = courier
        self.search = search
        shard = Int16(lease.slot)
        start = (lease.cursor ?? services.feed.heads)[shard]
        state = Mutex(State(progress: PushProgress(from: start)))
    }

    // MARK: What is to be told

    /// The notifications that rows of the log make.
    func pushes(for rows: [LogRow]) async throws -> [QueuedPush] {
        var readers: Set<UserNID> = []
        var positions: [NotifyingEvent: Int64] = [:]
        var order: [NotifyingEvent] = []
        for row in rows {
            if row.kind == .receipts || row.kind == .privateReceipts, let user = row.userNID { readers.insert(user) }
            guard row.kind == .roomEvents, let room = row.roomNID else { continue }
            for event in row.eventNIDs.map({ NotifyingEvent(roomNID: room, eventNID: $0) }) {
                positions[event] = row.position
                order.append(event)
            }
        }
        let recipients = try await recipients(of: Set(order))
        var pushes: [QueuedPush] = []
        for event in order {
            for recipient in recipients[event] ?? [] {
                let waiting = WaitingPush(
                    pusher: recipient.pusher, roomNID: event.roomNID, eventNID: event.eventNID,
                    createdAt: clock.nowMilliseconds)
                pushes.append(QueuedPush(pusher: recipient.pusher, event: waiting, position: positions[event]))
            }
        }
        pushes += try await invites(in: rows)
        // Whoever has read something wants another number on the badge.
        pushes += try await store.keys(of: Array(readers)).map { QueuedPush(pusher: $0) }
        return pushes
    }

    /// Invites to rooms that we are not in: no event of ours tells of them, but the user's own rows.
    private func invites(in rows: [LogRow]) async throws -> [QueuedPush] {
        let memberships = services.rooms.reader.memberships
        var invites: [(room: RoomNID, user: UserNID, position: Int64)] = []
        for row in rows where row.kind == .membership {
            guard let room = row.roomNID, let user = row.userNID,
                let (record, told) = try await memberships.membership(of: user, in: room),
                record.membership == .invite, told != nil, record.position == row.position
            else { continue }
            invites.append((room, user, row.position))
        }
        guard !invites.isEmpty else { return [] }
        let keys = Dictionary(grouping: try await store.keys(of: invites.map(\.user)), by: \.userNID)
        return invites.flatMap { invite in
            (keys[invite.user] ?? []).map { key in
                let waiting = WaitingPush(
                    pusher: key, roomNID: invite.room, eventNID: EventNID(0), createdAt: clock.nowMilliseconds)
                return QueuedPush(pusher: key, event: waiting, position: invite.position)
            }
        }
    }

    private func recipients(of events: Set<NotifyingEvent>) async throws -> [NotifyingEvent: [PushRecipient]] {
        guard !events.isEmpty else { return [:] }
        let found = try await search.ask(events) { [store] in try await store.recipients(of: Array($0)) }
        return Dictionary(grouping: found.filter { events.contains($0.event) }, by: \.event)
    }

    /// Adds a notification to its pusher's queue.
    ///
    /// - Returns: whether nobody works on the queue yet.
    func add(_ push: QueuedPush) async throws -> Bool {
        let (isNew, isFailing, dropped) = state.withLock { state in
            if let position = push.position { state.progress.begin(position) }
            let isNew = state.queues[push.pusher] == nil
            let dropped = state.queues[push.pusher, default: PusherQueue()].add(push)
            return (isNew, state.queues[push.pusher]?.isFailing ?? false, dropped)
        }
        if let dropped { try await forget(dropped) }
        // It would hold up the log for as long as the gateway is down.
        if isFailing, push.position != nil { try await writeDown(push.pusher) }
        return isNew
    }

    /// The log has been taken up to a position. Waits when too much is under way.
    func take(upTo position: Int64) async throws {
        state.withLock { $0.progress.advance(to: position) }
        saveProgress()
        while state.withLock({ $0.progress.openCount >= Self.maxOpen }) {
            try await clock.sleep(for: Self.pauseWhenFull)
        }
    }

    private func saveProgress() {
        state.withLock { state in
            var cursor = LogVector(Array(repeating: Int64.max, count: Int(services.feed.installation.shardCount)))
            cursor[shard] = state.progress.done
            lease.advance(to: cursor)
        }
    }

    // MARK: Telling it

    /// Works on a pusher's queue until it is empty.
    func work(on pusher: PusherKey) async {
        while let push = next(for: pusher), !Task.isCancelled {
            do {
                try await courier.deliver(push)
                try await finish(push)
            } catch {
                guard !Task.isCancelled else { return }
                await note(error, push)
            }
        }
    }

    /// The first of the queue, which stays in it; `nil` when it is empty, and then it is gone.
    private func next(for pusher: PusherKey) -> QueuedPush? {
        state.withLock { state in
            if let first = state.queues[pusher]?.first { return first }
            state.queues[pusher] = nil
            return nil
        }
    }

    private func finish(_ push: QueuedPush) async throws {
        let first = state.withLock { state in
            state.queues[push.pusher]?.failures = 0
            return state.queues[push.pusher]?.removeFirst()
        }
        if let first { try await forget(first) }
    }

    /// Nothing more is to be done about a notification.
    private func forget(_ push: QueuedPush) async throws {
        if let position = push.position {
            state.withLock { $0.progress.end(position) }
            saveProgress()
        } else if let event = push.event {
            try await store.settle(event)
        }
    }

    /// After a failure: writes down what waits, and pauses.
    private func note(_ error: any Error, _ push: QueuedPush) async {
        let failures = state.withLock { state in
            state.queues[push.pusher]?.failures += 1
            return state.queues[push.pusher]?.failures ?? 1
        }
        services.telemetry.log.info("a notification could not be sent", [.cause: "\(error)", .attempt: "\(failures)"])
        do {
            let isTooOld = push.event.map { clock.nowMilliseconds - $0.createdAt > Self.maxAgeMilliseconds }
            if isTooOld ?? true { try await finish(push, afterFailures: failures) }
            try await writeDown(push.pusher)
            try await clock.sleep(for: services.telemetry.random.jittered(Self.pause(after: failures)))
        } catch {
            // Cancelled; or the database is away, and then the log is held up until it is back.
            try? await clock.sleep(for: Self.firstPause)
        }
    }

    /// Gives a notification up; the pusher still counts as failing.
    private func finish(_ push: QueuedPush, afterFailures failures: Int) async throws {
        try await finish(push)
        state.withLock { $0.queues[push.pusher]?.failures = failures }
    }

    static func pause(after failures: Int) -> Duration {
        // 2^10 seconds are longer than the longest pause.
        min(firstPause * (1 << min(max(failures - 1, 0), 10)), longestPause)
    }

    /// Writes down everything of a pusher for which the log would have to wait.
    private func writeDown(_ pusher: PusherKey) async throws {
        let unwritten = state.withLock { $0.queues[pusher]?.waiting.filter { $0.position != nil } ?? [] }
        guard !unwritten.isEmpty else { return }
        try await store.keep(unwritten.compactMap(\.event), shard: shard, now: clock.nowMilliseconds)
        state.withLock { state in
            for position in state.queues[pusher]?.markWritten(Set(unwritten)) ?? [] { state.progress.end(position) }
        }
        saveProgress()
    }
}
