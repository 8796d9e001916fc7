import Cluster
import MatrixCore
import Storage
import Synchronization

/// Notes down what a feed tells, shard by shard.
final class Recorder: Sendable {
    private let rows = Mutex<[Int16: [Int64]]>([:])

    init(_ feed: LogFeed) {
        _ = feed.observe { [self] row in rows.withLock { $0[row.shard, default: []].append(row.position) } }
    }

    var positions: [Int16: [Int64]] { rows.withLock { $0 } }
    var count: Int { rows.withLock { $0.values.reduce(0) { $0 + $1.count } } }
}
