import ApusTesting
import Cluster
import MatrixCore
import Storage
import Synchronization
import Testing

/// The promise that everything else rests on: whoever has seen a position has seen everything below it.
struct LogOrderTests {
    private static let writers = 8
    private static let rowsPerWriter = 150
    private static let shards: Int16 = 4

    /// Writers that have ended.
    private final class Finished: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test func noPositionAppearsBelowAHeadThatWasSeen() async throws {
        try await TestCluster.with { cluster in
            // Two pools, as two workers have them.
            try await cluster.withWorker { first in
                try await cluster.withWorker { second in
                    let finished = Finished()
                    let seen = try await withThrowingTaskGroup(of: [Int16: [Int64]].self) { group in
                        for number in 0..<Self.writers {
                            let store = number.isMultiple(of: 2) ? first.store : second.store
                            group.addTask {
                                for row in 0..<Self.rowsPerWriter {
                                    let shard = Int16((number + row) % Int(Self.shards))
                                    _ = try await store.append(.accountData, shard: shard, user: UserNID(1), now: 1)
                                }
                                finished.count.add(1, ordering: .sequentiallyConsistent)
                                return [:]
                            }
                        }
                        group.addTask {
                            try await Self.read(first.store) {
                                finished.count.load(ordering: .sequentiallyConsistent) == Self.writers
                            }
                        }
                        return try await group.reduce(into: [:]) { $0.merge($1) { _, new in new } }
                    }
                    var total = 0
                    for shard in 0..<Self.shards {
                        let all = try await first.store.rows(of: shard, after: 0).map(\.position)
                        #expect(seen[shard] == all, "a row of shard \(shard) became visible late")
                        total += all.count
                    }
                    #expect(total == Self.writers * Self.rowsPerWriter)
                }
            }
        }
    }

    /// Reads each shard up to the head that it has just seen, never again what is below, until the writers have ended.
    private static func read(_ store: LogStore, until isOver: @Sendable () -> Bool) async throws -> [Int16: [Int64]] {
        var seen: [Int16: [Int64]] = [:]
        while true {
            let isLast = isOver()
            let heads = try await store.heads(shards: shards)
            for shard in 0..<shards {
                let rows = try await store.rows(of: shard, after: seen[shard]?.last ?? 0)
                seen[shard, default: []] += rows.map(\.position).filter { $0 <= heads[shard] }
            }
            if isLast { return seen }
        }
    }
}
