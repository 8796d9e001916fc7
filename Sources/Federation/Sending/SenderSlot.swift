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
    /// Events that wait for servers of the slot, each counted for each server: with more, a single one may have fewer.
    static let crowded = 20_000
    /// How often it is looked for servers to be tried again.
    private static let tick = Duration.seconds(1)
    /// How often the database is asked for servers that were heard from: a hint may have been lost.
    private static let revivalInterval = Duration.seconds(15)
    static let pauseAfterFailure = Duration.seconds(1)

    struct State {
        var outboxes: [ServerName: Outbox] = [:]
        var failing: [ServerName: DestinationTrouble] = [:]
        /// None of those is to be tried before.
        var nextRetry = Int64.max
        var progress: SlotProgress
        /// Events in all outboxes.
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
    private let start: LogVector

    var store: DestinationStore { ground.services.destinations }
    var telemetry: Telemetry { ground.services.telemetry }
    var log: Log { telemetry.log }

    init(_ lease: DutyLease, _ ground: SendingGround) {
        self.lease = lease
        self.ground = ground
        number = lease.slot
        fence = SlotFence(duty: FederationSender.dutyName, slot: Int32(lease.slot), epoch: lease.epoch)
        let feed = ground.services.feed
        let shards = Int(feed.installation.shardCount)
        // Whoever begins for the first time does not tell of the past.
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
            guard records.count == Int(DestinationStore.pageSize), let name = records.last?.serverName else { return }
            last = name.description
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

    /// Follows the log.
    func follow() async throws {
        defer { beginning.finish() }
        var follower = LogFollower(feed: ground.services.feed, from: start)
        while !Task.isCancelled {
            for row in try await follower.next() { take(row, try await read(row)) }
            saveProgress()
        }
    }

    /// Tries until it succeeds: beginning anew from the cursor would send much again.
    private func read(_ row: LogRow) async throws -> OutgoingRow {
        while true {
            do {
                return try await ground.rows.read(row)
            } catch {
                try Task.checkCancellation()
                log.warning("what to send could not be read; trying again", [.cause: "\(error)"])
                try await telemetry.clock.sleep(for: Self.pauseAfterFailure)
            }
        }
    }

    private func take(_ row: LogRow, _ outgoing: OutgoingRow) {
        state.withLock { state in
            for addressed in outgoing.events {
                for server in outgoing.destinations(of: addressed, in: number) {
                    with(server, in: &state) { outbox, state in
                        let limit =
                            state.queued < Self.crowded ? Outbox.maxQueued : Outbox.maxQueuedWhenCrowded
                        if outbox.add(addressed.event, shard: row.shard, position: row.position, limit: limit) {
                            state.progress.begin(row.position, of: row.shard)
                        }
                    }
                }
            }
            if !outgoing.receipts.isEmpty {
                for server in outgoing.destinations(in: number) {
                    with(server, in: &state) { outbox, _ in
                        for receipt in outgoing.receipts { outbox.messages.add(receipt) }
                    }
                }
            }
            state.progress.advance(to: row.position, of: row.shard)
        }
    }

    /// Takes in who types, until the task is cancelled.
    func takeTyping(_ changes: AsyncStream<Typing.Change>) async {
        for await change in changes {
            do {
                guard let room = try await ground.events.room(change.roomNID) else { continue }
                let list = try await ground.servers.servers(of: room.nid, shard: room.shard)
                let typing = OutgoingTyping(
                    roomID: room.roomID, userID: change.userID, isTyping: change.isTyping)
                state.withLock { state in
                    for server in list.servers(in: number) {
                        with(server.name, in: &state) { outbox, _ in outbox.messages.add(typing) }
                    }
                }
            } catch {
                log.debug("typing could not be told to other servers", [.cause: "\(error)"])
            }
        }
    }

    /// Changes the outbox of a server, unless that cannot be reached, and sees to it that somebody works on it.
    private func with(_ server: ServerName, in state: inout State, _ change: (inout Outbox, inout State) -> Void) {
        // What it misses is read from the database when it is back; its record says since when.
        guard state.failing[server] == nil else { return }
        let known = state.outboxes.removeValue(forKey: server)
        var outbox = known ?? Outbox()
        let before = outbox.queue.count
        change(&outbox, &state)
        state.queued += outbox.queue.count - before
        state.outboxes[server] = outbox
        if known == nil { beginning.yield(server) }
    }

    // MARK: Time

    /// Begins with servers that are to be tried again, until the task is cancelled. One timer for all of them.
    func keepTime() async {
        var asked = telemetry.clock.monotonic
        while (try? await telemetry.clock.sleep(for: Self.tick)) != nil {
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
            guard telemetry.clock.monotonic - asked >= Self.revivalInterval else { continue }
            asked = telemetry.clock.monotonic
            await readRevived()
        }
    }

    private func readRevived() async {
        guard state.withLock({ !$0.failing.isEmpty }) else { return }
        do {
            for server in try await store.revived() { revive(server) }
        } catch {
            log.debug("servers that were heard from could not be read", [.cause: "\(error)"])
        }
    }

    /// A server was heard from: it is tried again at the next tick.
    func revive(_ server: ServerName) {
        let now = telemetry.clock.nowMilliseconds
        state.withLock { state in
            guard var trouble = state.failing[server], trouble.retryAt > now else { return }
            trouble.retryAt = now
            trouble.retryInterval = 0
            state.failing[server] = trouble
            state.nextRetry = min(state.nextRetry, now)
        }
    }

    // MARK: Progress

    /// Notes that a server cannot be reached.
    func fail(_ server: ServerName, _ trouble: DestinationTrouble, in state: inout State) {
        state.failing[server] = trouble
        state.nextRetry = min(state.nextRetry, trouble.retryAt)
        ground.metrics.failing.add(1)
    }

    /// The cursor need not wait for these any more.
    func end(_ places: [Outbox.Place], in state: inout State) {
        for place in places { state.progress.end(place.position, of: place.shard) }
    }

    func saveProgress() { state.withLock { lease.advance(to: $0.progress.done) } }
}
