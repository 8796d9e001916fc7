import DequeModule
import Storage

/// How far a slot has come: in each shard up to the first position of which something is still to be sent.
struct SlotProgress: Sendable {
    private struct Lane: Sendable {
        /// Positions that are not done, ascending, and how much of each.
        var open: Deque<(position: Int64, count: Int)> = []
        var read: Int64
    }

    private var lanes: [Lane]

    init(from start: LogVector) { lanes = start.positions.map { Lane(read: $0) } }

    /// Everything at or below has been taken up.
    var read: LogVector { LogVector(lanes.map(\.read)) }

    func read(of shard: Int16) -> Int64 { lanes.indices.contains(Int(shard)) ? lanes[Int(shard)].read : 0 }

    /// Everything at or below is done.
    var done: LogVector {
        LogVector(lanes.map { lane in lane.open.first.map { min($0.position - 1, lane.read) } ?? lane.read })
    }

    /// Something of a position is to be done. Positions of a shard come in ascending order.
    mutating func begin(_ position: Int64, of shard: Int16) {
        let shard = Int(shard)
        guard lanes.indices.contains(shard) else { return }
        if let last = lanes[shard].open.indices.last, lanes[shard].open[last].position == position {
            lanes[shard].open[last].count += 1
        } else {
            lanes[shard].open.append((position, 1))
        }
    }

    /// Something of a position has been done.
    mutating func end(_ position: Int64, of shard: Int16) {
        let shard = Int(shard)
        guard lanes.indices.contains(shard) else { return }
        let place = lanes[shard].open.partitioningIndex { $0.position >= position }
        guard place < lanes[shard].open.count, lanes[shard].open[place].position == position else { return }
        lanes[shard].open[place].count -= 1
        while let first = lanes[shard].open.first, first.count <= 0 { lanes[shard].open.removeFirst() }
    }

    /// Everything of a shard at or below has been taken up.
    mutating func advance(to position: Int64, of shard: Int16) {
        guard lanes.indices.contains(Int(shard)) else { return }
        lanes[Int(shard)].read = max(lanes[Int(shard)].read, position)
    }
}
