import Cluster
import Synchronization
import Telemetry

/// Tells the duty of this process at once that something waits in a shard. What other workers stage is found by looking.
final class InboundWakeUps: Sendable {
    private struct Shard {
        var isDue = false
        var waiter: Waiter<Void>?
    }

    private let clock: any Clock
    private let shards = Mutex<[Int16: Shard]>([:])

    init(clock: any Clock) { self.clock = clock }

    func wake(_ shard: Int16) {
        let waiter = shards.withLock { shards in
            shards[shard, default: Shard()].isDue = true
            return shards[shard]?.waiter
        }
        waiter?.end(())
    }

    /// Waits until there is something to do, or for as long as given. Whoever wakes before the wait ends it at once.
    func wait(for shard: Int16, atMost limit: Duration) async {
        let waiter = Waiter<Void>()
        let isDue = shards.withLock { shards in
            shards[shard, default: Shard()].waiter = waiter
            return shards[shard]?.isDue ?? false
        }
        if !isDue {
            await withTaskGroup { group in
                group.addTask { await waiter.wait(cancelled: ()) }
                group.addTask { [clock] in try? await clock.sleep(for: limit) }
                await group.next()
                group.cancelAll()
            }
        }
        shards.withLock { $0[shard] = nil }
    }
}
