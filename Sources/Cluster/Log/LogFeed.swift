import Logging
package import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// The log, followed live by one worker: every row once, in the order of its shard.
///
/// Rows come by three ways: from this worker's own writes (`announce`), by hints from other workers, and from the database.
/// A row that follows on the newest one is applied at once. When rows are missing before it (hints overtake each other, and
/// may be lost), it waits a moment for them, and then they are read. Once a second the heads of all shards are read, so that
/// without hints everything still comes, at most about a second later.
package final class LogFeed: Sendable {
    /// How often the heads are read.
    package static let pollInterval = Duration.seconds(1)
    /// How long a row waits for those before it. Two writers' hints overtake each other by less.
    package static let patience = Duration.milliseconds(10)
    /// Rows of a shard that wait for those before them; more are dropped, and read.
    static let maxWaitingRows = 256

    package typealias Observer = @Sendable (LogRow) -> Void

    let store: LogStore
    let telemetry: Telemetry
    let window: Mutex<LogWindow>
    let lanes: [LogLane]
    let repairs: LogRepairs
    let questions: SharedQuestions<Int16, Void>
    private let hints: any HintBus
    private let channels: [String]
    private let headWaiters = Mutex<[HeadWaiter]>([])
    package let installation: Installation

    /// A feed that begins at the heads given: what was written before is not history for it.
    package init(
        installation: Installation, startingAt heads: LogVector, store: LogStore, hints: any HintBus,
        telemetry: Telemetry
    ) {
        self.installation = installation
        self.store = store
        self.hints = hints
        self.telemetry = telemetry.labelled("log")
        window = Mutex(LogWindow(startingAt: heads))
        lanes = heads.positions.map { LogLane(head: $0) }
        repairs = LogRepairs(clock: telemetry.clock)
        questions = SharedQuestions(clock: telemetry.clock)
        let incarnation = String(installation.incarnation, radix: 16)
        channels = (0..<heads.shardCount).map { "apus:\(incarnation):log:\($0)" }
        for channel in channels {
            hints.subscribe(to: channel) { [weak self] payload in self?.receive(payload) }
        }
        hints.observeConnection { [weak self] in self?.repairs.ask(.poll) }
    }

    /// A feed that begins now.
    package static func start(
        installation: Installation, store: LogStore, hints: any HintBus, telemetry: Telemetry
    ) async throws -> LogFeed {
        let heads = try await store.heads(shards: installation.shardCount)
        return LogFeed(installation: installation, startingAt: heads, store: store, hints: hints, telemetry: telemetry)
    }

    // MARK: Reading

    package var clock: any Clock { telemetry.clock }

    /// Whether rows of other workers are heard of within milliseconds; otherwise within `pollInterval`.
    package var hearsAtOnce: Bool { hints.isConnected }

    /// Everything at or below has been told to the observers or is being told.
    package var heads: LogVector { window.withLock { $0.heads } }

    /// Whether everything up to a position of a shard has been told to the observers.
    package func hasSeen(_ position: Int64, of shard: Int16) -> Bool {
        lanes.indices.contains(Int(shard)) && lanes[Int(shard)].head >= position
    }

    /// Asks the window. `body` must be short: it holds up the feed.
    package func withWindow<Result>(_ body: (borrowing LogWindow) -> Result) -> Result {
        window.withLock { body($0) }
    }

    /// From now on `observer` is called with every row, in the order of each shard; for a shard it has seen everything at or
    /// below the vector returned. It must be quick, must not block, and must not announce anything.
    package func observe(_ observer: @escaping Observer) -> LogVector {
        LogVector(lanes.map { $0.add(observer) })
    }

    // MARK: Rows that come

    /// What this worker has just committed: seen here at once, and told to the others.
    package func announce(_ row: LogRow, previous: Int64) {
        apply(row, previous: previous)
        guard channels.indices.contains(Int(row.shard)) else { return }
        hints.publish(LogHint(row, previous: previous).encoded(), to: channels[Int(row.shard)])
    }

    /// The same for a row without events.
    package func announce(
        _ kind: LogKind, at position: LogPosition, room: RoomNID? = nil, user: UserNID? = nil
    ) {
        announce(
            LogRow(shard: position.shard, position: position.position, kind: kind, roomNID: room, userNID: user),
            previous: position.previous)
    }

    /// The same for several rows without events that one commit wrote: the others hear of them by one message.
    package func announce(_ changes: [(kind: LogKind, position: LogPosition, user: UserNID?)]) {
        let hints = changes.map { kind, position, user in
            LogHint(
                LogRow(shard: position.shard, position: position.position, kind: kind, userNID: user),
                previous: position.previous)
        }
        for hint in hints { if let row = hint.row { apply(row, previous: hint.previous) } }
        guard let shard = hints.first?.shard, channels.indices.contains(Int(shard)) else { return }
        for message in LogHint.packed(hints) { self.hints.publish(message, to: channels[Int(shard)]) }
    }

    private func receive(_ payload: [UInt8]) {
        for hint in LogHint.unpacked(payload, shards: lanes.count) {
            if let row = hint.row {
                apply(row, previous: hint.previous)
            } else {
                learn(hint.position, of: hint.shard)
            }
        }
    }

    /// Takes note that a position exists; if it is not here yet, its rows will be read.
    func learn(_ position: Int64, of shard: Int16) {
        guard lanes.indices.contains(Int(shard)) else { return }
        if lanes[Int(shard)].learn(position) { repairs.ask(.gap(shard)) }
    }

    func apply(_ row: LogRow, previous: Int64) {
        guard lanes.indices.contains(Int(row.shard)) else { return }
        let lane = lanes[Int(row.shard)]
        let outcome = lane.apply(row, previous: previous) { row, previous in
            window.withLock { $0.apply(row, previous: previous) }
        }
        if outcome.needsRepair { repairs.ask(.gap(row.shard)) }
        if outcome.hasMoved { wakeHeadWaiters() }
    }

    // MARK: Waiting

    private struct HeadWaiter {
        let vector: LogVector
        let wantsAll: Bool
        let waiter: Waiter<Bool>

        func isSatisfied(by heads: LogVector) -> Bool {
            wantsAll ? heads.covers(vector) : !vector.covers(heads)
        }
    }

    /// Waits until something comes after the vector. Returns at once when it has, and when the task is cancelled.
    package func waitForMore(than vector: LogVector) async {
        _ = await wait(HeadWaiter(vector: vector, wantsAll: false, waiter: Waiter()))
    }

    /// How long a token of a worker that is ahead of this one may make a request wait.
    package static let reachLimit = Duration.seconds(5)

    /// Waits until this worker has seen all that the vector has: a token may come from a worker that is ahead.
    ///
    /// - Returns: false when it does not get there in time. Then the vector is of no database that we know.
    package func reach(
        _ vector: LogVector, within limit: Duration = reachLimit, timeouts: Timeouts
    ) async -> Bool {
        guard vector.shardCount == lanes.count else { return false }
        let heads = heads
        if heads.covers(vector) { return true }
        // Asked for as it is, not learned: a forged token must not make the feed look for positions that will never be.
        for shard in lanes.indices where vector[Int16(shard)] > heads[Int16(shard)] {
            repairs.ask(.rumour(Int16(shard)))
        }
        let entry = HeadWaiter(vector: vector, wantsAll: true, waiter: Waiter())
        let ticket = timeouts.add(after: limit) { entry.waiter.end(false) }
        defer { timeouts.remove(ticket) }
        return await wait(entry)
    }

    private func wait(_ entry: HeadWaiter) async -> Bool {
        headWaiters.withLock { $0.append(entry) }
        defer { headWaiters.withLock { $0.removeAll { $0.waiter === entry.waiter } } }
        // What came between the caller's look and the entry in the list.
        if entry.isSatisfied(by: heads) { return true }
        return await entry.waiter.wait(cancelled: false)
    }

    private func wakeHeadWaiters() {
        let satisfied = headWaiters.withLock { waiters -> [HeadWaiter] in
            guard !waiters.isEmpty else { return [] }
            let heads = heads
            return waiters.filter { $0.isSatisfied(by: heads) }
        }
        for entry in satisfied { entry.waiter.end(true) }
    }
}
