package import MatrixCore
package import Storage
import Synchronization
package import Telemetry

/// Knows, for each user that syncs with this worker, where it is a member, and wakes exactly those whom a row concerns.
///
/// A user's memberships are read once and then kept by following the log: a row that changes one marks it as stale, and the
/// next who asks reads just that. Nothing is registered for a request but the request itself: the rooms of a user stand in
/// the index for as long as the user keeps coming back.
package final class UserWatches: Sendable {
    /// A watch that nobody asked for this long is let go.
    package static let idleLimit = Duration.seconds(300)
    /// Entries of the index (a room of a user); beyond it the longest idle watches are let go. About 70 bytes each.
    package static let maxEntries = 12_000_000
    package static let maxWatches = 100_000
    /// Long polls of one user that wait at the same time; one more ends the oldest.
    package static let maxSleepersPerUser = 64
    /// Beyond so many stale rooms all are read in one query.
    private static let maxSingleReads = 8
    /// Each turn reads what changed during the turn before.
    private static let maxTurns = 32
    /// The feed's heads move a moment before its observers are told.
    private static let observerDelay = Duration.milliseconds(2)
    private static let maxObserverDelays = 500
    private static let sweepInterval = Duration.seconds(10)

    struct State {
        var table = WatchTable()
        var seen: LogVector
        var ephemeral: Int64 = 0
        var isDraining = false
        var unresolved = UnresolvedChanges()
    }

    private let feed: LogFeed
    private let memberships: MembershipStore
    private let timeouts: Timeouts
    private let clock: any Clock
    private let shardCount: Int
    private let state: Mutex<State>
    /// Rings when somebody's devices have changed, and it has to be found out whom that concerns.
    package let deviceAlarm: Alarm

    package init(feed: LogFeed, memberships: MembershipStore, timeouts: Timeouts, clock: any Clock) {
        self.feed = feed
        self.memberships = memberships
        self.timeouts = timeouts
        self.clock = clock
        shardCount = Int(feed.installation.shardCount)
        deviceAlarm = Alarm(clock: clock)
        state = Mutex(State(seen: .zero(shards: shardCount)))
        let seen = feed.observe { [weak self] row in self?.follow(row) }
        state.withLock { $0.seen = $0.seen.merged(with: seen) }
    }

    /// Lets idle watches go, until the task is cancelled.
    package func run() async {
        while (try? await clock.sleep(for: Self.sweepInterval)) != nil { sweep() }
    }

    /// How many users are watched, and how many rooms of users.
    package var counts: (users: Int, entries: Int) { state.withLock { ($0.table.count, $0.table.indexCount) } }

    // MARK: Following

    private func follow(_ row: LogRow) {
        var hasDevices = false
        let sleepers = state.withLock { state -> [Waiter<WakeReason>] in
            state.seen[row.shard] = max(state.seen[row.shard], row.position)
            guard state.table.count > 0 else { return [] }
            hasDevices = row.tellsOfDevices && state.unresolved.add(row)
            var woken: [Waiter<WakeReason>] = []
            func mark(_ watch: UserWatch) {
                watch.newest[row.shard] = row.position
                woken.append(contentsOf: watch.sleepers)
                watch.sleepers = []
            }
            if let room = row.roomNID {
                if row.kind.concernsMembers { state.table.forEachWatcher(of: room, mark) }
                for member in row.membersChanged {
                    guard let watch = state.table[member] else { continue }
                    watch.stale.insert(room)
                    // What comes in the room before the standing was read again concerns the user, too.
                    state.table.index(watch, under: room)
                    mark(watch)
                }
            }
            if let user = row.userNID, let watch = state.table[user] { mark(watch) }
            return woken
        }
        for sleeper in sleepers { sleeper.end(.news) }
        if hasDevices { deviceAlarm.ring() }
    }

    /// An ephemeral change in the room: its members here are woken. Serials come in ascending order.
    package func touch(_ room: RoomNID, ephemeral serial: Int64) {
        let sleepers = state.withLock { state -> [Waiter<WakeReason>] in
            state.ephemeral = max(state.ephemeral, serial)
            var woken: [Waiter<WakeReason>] = []
            state.table.forEachWatcher(of: room) { watch in
                watch.newestEphemeral = max(watch.newestEphemeral, serial)
                woken.append(contentsOf: watch.sleepers)
                watch.sleepers = []
            }
            return woken
        }
        for sleeper in sleepers { sleeper.end(.news) }
    }

    /// An ephemeral change of which nobody is told: who is woken by something else sees it all the same.
    package func pass(ephemeral serial: Int64) {
        state.withLock { $0.ephemeral = max($0.ephemeral, serial) }
    }

    /// An ephemeral change that concerns some users: those of them who are here are woken.
    package func touch(_ users: some Sequence<UserNID>, ephemeral serial: Int64) {
        let sleepers = state.withLock { state -> [Waiter<WakeReason>] in
            state.ephemeral = max(state.ephemeral, serial)
            var woken: [Waiter<WakeReason>] = []
            for user in users {
                guard let watch = state.table[user] else { continue }
                watch.newestEphemeral = max(watch.newestEphemeral, serial)
                woken.append(contentsOf: watch.sleepers)
                watch.sleepers = []
            }
            return woken
        }
        for sleeper in sleepers { sleeper.end(.news) }
    }

    /// The users here whom something in one of the rooms concerns.
    package func watchers(of rooms: some Sequence<RoomNID>) -> Set<UserNID> {
        state.withLock { state in
            var found: Set<UserNID> = []
            for room in rooms { state.table.forEachWatcher(of: room) { found.insert($0.user.nid) } }
            return found
        }
    }

    // MARK: Devices

    /// The users whose devices changed and of whom it is not known whom that concerns.
    ///
    /// Until `resolve` is told, it may concern everybody: who asks meanwhile looks, and nobody is told of a place after the change
    /// without having looked. So nothing is missed, however long it takes.
    package func unresolvedDevices() -> [UserNID: LogPlace] { state.withLock { $0.unresolved.places } }

    /// Wakes those of the users here who are in a room with somebody whose devices changed.
    ///
    /// Cost: the number of users here in those rooms.
    package func resolve(_ changes: [(user: UserNID, place: LogPlace, rooms: some Sequence<RoomNID>)]) {
        let sleepers = state.withLock { state -> [Waiter<WakeReason>] in
            var woken: [Waiter<WakeReason>] = []
            for (user, place, rooms) in changes {
                for room in rooms {
                    state.table.forEachWatcher(of: room) { watch in
                        watch.newest[place.shard] = max(watch.newest[place.shard], place.position)
                        woken.append(contentsOf: watch.sleepers)
                        watch.sleepers = []
                    }
                }
                state.unresolved.remove(user, upTo: place)
            }
            return woken
        }
        for sleeper in sleepers { sleeper.end(.news) }
    }

    // MARK: Asking

    /// The user's rooms as they are now.
    ///
    /// Cost: nothing but a copy when the user was here before; otherwise a query.
    package func view(of user: UserRecord) async throws -> UserView {
        for _ in 0..<Self.maxTurns {
            switch state.withLock({ step(for: user, in: &$0) }) {
            case .ready(let view): return view
            case .join(let reading): await reading.wait(cancelled: ())
            case .read(let rooms): try await read(rooms, of: user)
            case .reach(let needed):
                guard await feed.reach(needed, timeouts: timeouts) else {
                    throw ClusterError.feedIsBehind
                }
                if !hasSeen(needed) { try await clock.sleep(for: Self.observerDelay) }
            }
            try Task.checkCancellation()
        }
        throw ClusterError.feedIsBehind
    }

    /// The same at a place that the feed has reached, or later.
    ///
    /// - Throws: `ClusterError.feedIsBehind` when it has not.
    package func view(of user: UserRecord, atLeast vector: LogVector) async throws -> UserView {
        for _ in 0..<Self.maxObserverDelays {
            let view = try await view(of: user)
            if view.heads.covers(vector) { return view }
            try await clock.sleep(for: Self.observerDelay)
        }
        throw ClusterError.feedIsBehind
    }

    private func hasSeen(_ vector: LogVector) -> Bool { state.withLock { $0.seen.covers(vector) } }

    private enum Step {
        case ready(UserView)
        /// Somebody else is reading.
        case join(Waiter<Void>)
        /// Standings have to be read: of some rooms, or of all.
        case read(Set<RoomNID>?)
        /// The standings are newer than what the feed has seen.
        case reach(LogVector)
    }

    private func step(for user: UserRecord, in state: inout State) -> Step {
        let now = clock.monotonic
        let watch = state.table[user.nid] ?? state.table.insert(user, shards: shardCount, now: now)
        watch.lastUsed = now
        if watch.isReading {
            let reader = Waiter<Void>()
            watch.readers.append(reader)
            return .join(reader)
        }
        if !watch.isLoaded || !watch.stale.isEmpty {
            let rooms = watch.isLoaded && watch.stale.count <= Self.maxSingleReads ? watch.stale : nil
            watch.stale = []
            watch.isReading = true
            return .read(rooms)
        }
        guard state.seen.covers(watch.needed) else { return .reach(watch.needed) }
        return .ready(
            UserView(
                user: user, heads: state.seen, ephemeral: state.ephemeral, standings: watch.standings,
                since: watch.since,
                newest: watch.newest, newestEphemeral: watch.newestEphemeral,
                unresolved: state.unresolved.vector(shards: shardCount)))
    }

    private func read(_ rooms: Set<RoomNID>?, of user: UserRecord) async throws {
        do {
            var records: [MembershipRecord] = []
            if let rooms {
                for room in rooms {
                    if let found = try await memberships.membership(of: user.nid, in: room) {
                        records.append(found.record)
                    }
                }
            } else {
                records = try await memberships.memberships(of: user.nid)
            }
            finish(user) { watch, state in Self.keep(records, of: rooms, in: watch, &state) }
        } catch {
            finish(user) { watch, _ in
                if let rooms { watch.stale.formUnion(rooms) } else { watch.isLoaded = false }
            }
            throw error
        }
    }

    private func finish(_ user: UserRecord, _ body: (UserWatch, inout State) -> Void) {
        let readers = state.withLock { state -> [Waiter<Void>] in
            // A watch that is being read is never let go.
            guard let watch = state.table[user.nid] else { return [] }
            body(watch, &state)
            watch.isReading = false
            defer { watch.readers = [] }
            return watch.readers
        }
        for reader in readers { reader.end(()) }
    }

    private static func keep(
        _ records: [MembershipRecord], of rooms: Set<RoomNID>?, in watch: UserWatch, _ state: inout State
    ) {
        if rooms == nil { watch.standings = Dictionary(minimumCapacity: records.count) }
        for record in records {
            watch.standings[record.roomNID] = RoomStanding(record)
            watch.needed[record.shard] = max(watch.needed[record.shard], record.position)
            if record.membership == .join {
                state.table.index(watch, under: record.roomNID)
            } else if !watch.stale.contains(record.roomNID) {
                state.table.unindex(watch, from: record.roomNID)
            }
        }
        if !watch.isLoaded {
            watch.isLoaded = true
            // The index is complete from here on: every later row finds the watch.
            watch.since = state.seen
            watch.newest = state.seen
            watch.newestEphemeral = state.ephemeral
        }
    }

    // MARK: Waiting

    /// Waits until something comes that concerns the user, after the vector and the ephemeral serial.
    ///
    /// Returns at once when something has come already. The view must have been asked for before, with `heads` no older.
    package func wait(
        for user: UserRecord, after vector: LogVector, ephemeral serial: Int64, limit: Duration
    ) async -> WakeReason {
        let sleeper = Waiter<WakeReason>()
        let early = state.withLock { state -> WakeReason? in
            if state.isDraining { return .draining }
            guard let watch = state.table[user.nid], watch.isLoaded, vector.covers(watch.since),
                vector.covers(watch.newest), watch.newestEphemeral <= serial
            else { return .news }
            if watch.sleepers.count >= Self.maxSleepersPerUser { watch.sleepers.removeFirst().end(.deadline) }
            watch.sleepers.append(sleeper)
            watch.lastUsed = clock.monotonic
            return nil
        }
        if let early { return early }
        let ticket = timeouts.add(after: limit) { sleeper.end(.deadline) }
        let reason = await sleeper.wait(cancelled: .cancelled)
        timeouts.remove(ticket)
        if reason != .news {
            state.withLock { $0.table[user.nid]?.sleepers.removeAll { $0 === sleeper } }
        }
        return reason
    }

    /// Ends all waits, now and from now on: the worker is about to stop.
    package func drain() {
        let sleepers = state.withLock { state -> [Waiter<WakeReason>] in
            state.isDraining = true
            return state.table.watches.flatMap { watch -> [Waiter<WakeReason>] in
                guard let watch else { return [] }
                defer { watch.sleepers = [] }
                return watch.sleepers
            }
        }
        for sleeper in sleepers { sleeper.end(.draining) }
    }

    // MARK: Letting go

    private func sweep() {
        let now = clock.monotonic
        state.withLock { state in
            let idle = state.table.watches.compactMap { $0 }.filter(\.isIdle).sorted { $0.lastUsed < $1.lastUsed }
            for watch in idle {
                let isOver = state.table.indexCount > Self.maxEntries || state.table.count > Self.maxWatches
                guard isOver || now - watch.lastUsed > Self.idleLimit else { return }
                state.table.remove(watch)
            }
        }
    }
}
