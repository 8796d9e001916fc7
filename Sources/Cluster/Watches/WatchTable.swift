import MatrixCore
import Storage

/// What one worker keeps for one user that syncs here.
///
/// Not sendable: it lives inside of the lock of `UserWatches`.
final class UserWatch {
    let user: UserRecord
    let slot: UInt32
    var standings: [RoomNID: RoomStanding] = [:]
    /// Rooms whose standing changed since it was read.
    var stale: Set<RoomNID> = []
    /// Rooms under which the watch is found in the index.
    var indexed: Set<RoomNID> = []
    var isLoaded = false
    /// Somebody is reading standings.
    var isReading = false
    /// They wait for whoever reads.
    var readers: [Waiter<Void>] = []
    var since: LogVector
    var newest: LogVector
    var newestEphemeral: Int64 = 0
    /// The standings hold what was written up to here: the database may be ahead of the feed.
    var needed: LogVector
    var sleepers: [Waiter<WakeReason>] = []
    var lastUsed: Duration

    init(user: UserRecord, slot: UInt32, shards: Int, now: Duration) {
        self.user = user
        self.slot = slot
        since = .zero(shards: shards)
        newest = .zero(shards: shards)
        needed = .zero(shards: shards)
        lastUsed = now
    }

    var isIdle: Bool { sleepers.isEmpty && !isReading }
}

/// The watches of a worker, and which of them each room concerns.
///
/// The index holds slots of four bytes, because ten thousand users with a thousand rooms each make ten million entries.
struct WatchTable {
    private(set) var watches: [UserWatch?] = []
    private var freeSlots: [UInt32] = []
    private var slotOfUser: [UserNID: UInt32] = [:]
    private var watchers: [RoomNID: ContiguousArray<UInt32>] = [:]
    /// Entries of the index.
    private(set) var indexCount = 0

    var count: Int { slotOfUser.count }

    subscript(user: UserNID) -> UserWatch? {
        guard let slot = slotOfUser[user] else { return nil }
        return watches[Int(slot)]
    }

    func forEachWatcher(of room: RoomNID, _ body: (UserWatch) -> Void) {
        guard let slots = watchers[room] else { return }
        for slot in slots { if let watch = watches[Int(slot)] { body(watch) } }
    }

    mutating func insert(_ user: UserRecord, shards: Int, now: Duration) -> UserWatch {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(watches.count)
            watches.append(nil)
        }
        let watch = UserWatch(user: user, slot: slot, shards: shards, now: now)
        watches[Int(slot)] = watch
        slotOfUser[user.nid] = slot
        return watch
    }

    mutating func remove(_ watch: UserWatch) {
        for room in watch.indexed { removeFromIndex(room, watch.slot) }
        watch.indexed = []
        watches[Int(watch.slot)] = nil
        slotOfUser[watch.user.nid] = nil
        freeSlots.append(watch.slot)
    }

    /// From now on the room concerns the watch.
    mutating func index(_ watch: UserWatch, under room: RoomNID) {
        guard watch.indexed.insert(room).inserted else { return }
        watchers[room, default: []].append(watch.slot)
        indexCount += 1
    }

    mutating func unindex(_ watch: UserWatch, from room: RoomNID) {
        guard watch.indexed.remove(room) != nil else { return }
        removeFromIndex(room, watch.slot)
    }

    private mutating func removeFromIndex(_ room: RoomNID, _ slot: UInt32) {
        guard let place = watchers[room]?.firstIndex(of: slot) else { return }
        indexCount -= 1
        if watchers[room]?.count == 1 {
            watchers[room] = nil
        } else {
            // The order means nothing: the last takes the place.
            guard let last = watchers[room]?.popLast(), last != slot else { return }
            watchers[room]?[place] = last
        }
    }
}
