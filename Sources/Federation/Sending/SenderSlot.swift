import Cluster
import Ephemeral
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// The servers of one slot while this worker holds it.
///
/// Servers for which there is something to do have an `Outbox` and a task that works on it; servers that cannot be reached
/// have an entry that says when they are tried again; all others have nothing.
final class SenderSlot: Sendable {
    /// What waits for servers of the slot, each counted for each server: with more, a single one may have less.
    static let crowded = 20_000
    static let pauseAfterFailure = Duration.seconds(1)

    struct State {
        var outboxes: [ServerName: Outbox] = [:]
        var failing: [ServerName: DestinationTrouble] = [:]
        /// None of those is to be tried before.
        var nextRetry = Int64.max
        var progress: SlotProgress
        /// The weight of all outboxes.
        var queued = 0
    }

    let number: Int
    let fence: SlotFence
    let ground: SendingGround
    let state: Mutex<State>
    /// Servers on which work has to begin. No server is in it twice, so it needs no bound of its own.
    let servers: AsyncStream<ServerName>
    let beginning: AsyncStream<ServerName>.Continuation
    private let lease: DutyLease
    /// Rings when a server is to be tried again.
    private let alarm: Alarm
    private let start: LogVector

    var store: DestinationStore { ground.services.destinations }
    var telemetry: Telemetry { ground.services.telemetry }
    var log: Log { telemetry.log }

    init(_ lease: DutyLease, _ ground: SendingGround, alarm: Alarm) {
        self.lease = lease
        self.alarm = alarm
        self.ground = ground
        number = lease.slot
        fence = SlotFence(duty: FederationSender.dutyName, slot: Int32(lease.slot), epoch: lease.epoch)
        let feed = ground.services.feed
        let shards = Int(feed.installation.shardCount)
        // Another number of shards is another log.
        start = lease.cursor.flatMap { $0.shardCount == shards ? $0 : nil } ?? feed.heads
        state = Mutex(State(progress: SlotProgress(from: start)))
        (servers, beginning) = AsyncStream.makeStream()
    }

    /// Reads which servers are behind. The others have got everything up to the cursor.
    func begin() async throws {
        // Said at once: whoever takes over goes on from here, and not from when they began.
        lease.advance(to: start)
        let now = telemetry.clock.nowMilliseconds
        var last = ""
        while true {
            let records = try await store.records(after: last)
            state.withLock { state in
                for record in records where DestinationSlots.slot(of: record.serverName) == number {
                    // One that was merely slow is tried at once.
                    let trouble =
                        record.trouble ?? DestinationTrouble(failingSince: now, retryAt: now, retryInterval: 0)
                    fail(record.serverName, trouble, in: &state)
                }
            }
            guard records.count == Int(DestinationStore.pageSize), let name = records.last?.serverName else { break }
            last = name.description
        }
        try await beginWithKept()
    }

    /// Begins with servers for which something was kept before the cursor, and that are not known to be behind: nobody had worked on
    /// the slot, or had saved how far it was.
    private func beginWithKept() async throws {
        for source in ground.durable {
            for server in try await source.waiting(upTo: start) where DestinationSlots.slot(of: server) == number {
                state.withLock { state in
                    guard state.failing[server] == nil, state.outboxes[server] == nil else { return }
                    state.outboxes[server] = Outbox(catchingUpAfter: nil)
                    beginning.yield(server)
                }
            }
        }
    }

    /// The worker does not work on the slot any more.
    func end() {
        let failing = state.withLock { state in
            state.failing.count + state.outboxes.values.count { $0.trouble != nil }
        }
        ground.metrics.failing.add(-Int64(failing))
    }

    // MARK: What comes

    /// Reads on from the cursor, until the slot has got what the others of this worker have and is told with them.
    func catchUp(with slots: SenderSlots) async throws {
        var follower = LogFollower(feed: ground.services.feed, from: start)
        while !slots.join(self, at: follower.cursor) {
            let rows = try await follower.available()
            take(try await ground.read(rows), upTo: follower.cursor)
            if rows.isEmpty { try await follower.rest() }
        }
    }

    /// Takes in what rows of the log mean, all up to a cursor. What was taken in before is passed over.
    func take(_ rows: [ReadRow], upTo cursor: LogVector) {
        state.withLock { state in
            for row in rows where row.position > state.progress.read(of: row.shard) { take(row, in: &state) }
            for shard in 0..<cursor.shardCount {
                state.progress.advance(to: cursor[Int16(shard)], of: Int16(shard))
            }
        }
        saveProgress()
    }

    private func take(_ row: ReadRow, in state: inout State) {
        let outgoing = row.outgoing
        for addressed in outgoing.events {
            for server in outgoing.destinations(of: addressed, in: number) {
                add(.event(addressed.event), of: row, for: server, in: &state)
            }
        }
        for (server, message) in row.messages[number] ?? [] { add(.message(message), of: row, for: server, in: &state) }
        for introduction in outgoing.introductions(in: number) {
            with(introduction.server, in: &state) { outbox, _ in outbox.messages.add(introduction) }
        }
        guard !outgoing.receipts.isEmpty else { return }
        for server in outgoing.destinations(in: number) {
            with(server, in: &state) { outbox, _ in
                for receipt in outgoing.receipts { outbox.messages.add(receipt) }
            }
        }
    }

    private func add(
        _ content: QueuedItem.Content, of row: ReadRow, for server: ServerName, in state: inout State
    ) {
        with(server, in: &state) { outbox, state in
            let limit = state.queued < Self.crowded ? Outbox.maxQueued : Outbox.maxQueuedWhenCrowded
            if outbox.add(content, shard: row.shard, position: row.position, limit: limit) {
                state.progress.begin(row.position, of: row.shard)
            }
        }
    }

    func take(_ typing: OutgoingTyping, for servers: [JoinedServer]) {
        guard !servers.isEmpty else { return }
        state.withLock { state in
            for server in servers { with(server.name, in: &state) { outbox, _ in outbox.messages.add(typing) } }
        }
    }

    func take(_ status: PresenceStatus, for servers: [ServerName]) {
        guard !servers.isEmpty else { return }
        state.withLock { state in
            for server in servers { with(server, in: &state) { outbox, _ in outbox.messages.add(status) } }
        }
    }

    /// Changes the outbox of a server, unless that cannot be reached, and sees to it that somebody works on it.
    private func with(_ server: ServerName, in state: inout State, _ change: (inout Outbox, inout State) -> Void) {
        // What it misses is read from the database when it is back; its record says since when.
        guard state.failing[server] == nil else { return }
        let known = state.outboxes.removeValue(forKey: server)
        var outbox = known ?? Outbox()
        let before = outbox.weight
        change(&outbox, &state)
        state.queued += outbox.weight - before
        state.outboxes[server] = outbox
        if known == nil { beginning.yield(server) }
    }

    // MARK: Time

    /// Milliseconds since 1970: when the first of the servers that cannot be reached is to be tried again; `nil` without one.
    var nextRetry: Int64? { state.withLock { $0.failing.isEmpty ? nil : $0.nextRetry } }

    /// Begins with servers that are to be tried again now.
    func beginDue() {
        let now = telemetry.clock.nowMilliseconds
        state.withLock { state in
            guard state.nextRetry <= now else { return }
            let due = state.failing.filter { $0.value.retryAt <= now }
            for (server, trouble) in due {
                state.failing[server] = nil
                state.outboxes[server] = Outbox(catchingUpAfter: trouble)
                beginning.yield(server)
            }
            state.nextRetry = state.failing.values.map(\.retryAt).min() ?? .max
        }
    }

    /// A server was heard from: it is tried again at once.
    func revive(_ server: ServerName) {
        let now = telemetry.clock.nowMilliseconds
        let isDue = state.withLock { state in
            guard var trouble = state.failing[server], trouble.retryAt > now else { return false }
            trouble.retryAt = now
            trouble.retryInterval = 0
            state.failing[server] = trouble
            state.nextRetry = min(state.nextRetry, now)
            return true
        }
        if isDue { alarm.ring() }
    }

    // MARK: Progress

    /// Notes that a server cannot be reached.
    func fail(_ server: ServerName, _ trouble: DestinationTrouble, in state: inout State) {
        state.failing[server] = trouble
        state.nextRetry = min(state.nextRetry, trouble.retryAt)
        let pause = Duration.milliseconds(max(trouble.retryAt - telemetry.clock.nowMilliseconds, 0))
        alarm.set(at: telemetry.clock.monotonic + pause)
        ground.metrics.failing.add(1)
    }

    /// The cursor need not wait for these any more.
    func end(_ places: [Outbox.Place], in state: inout State) {
        for place in places { state.progress.end(place.position, of: place.shard) }
    }

    func saveProgress() { state.withLock { lease.advance(to: $0.progress.done) } }
}
