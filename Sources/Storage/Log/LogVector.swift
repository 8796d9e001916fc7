/// A position for each shard of the log. Whoever has seen a vector has seen every row at or below it.
package struct LogVector: Hashable, Sendable {
    package private(set) var positions: [Int64]

    package init(_ positions: [Int64]) { self.positions = positions }

    package static func zero(shards: Int) -> LogVector { LogVector(Array(repeating: 0, count: shards)) }

    package var shardCount: Int { positions.count }

    /// The position of a shard; 0 for a shard that the vector does not have.
    package subscript(shard: Int16) -> Int64 {
        get { positions.indices.contains(Int(shard)) ? positions[Int(shard)] : 0 }
        set { if positions.indices.contains(Int(shard)) { positions[Int(shard)] = newValue } }
    }

    /// Whether it has seen at least what `other` has seen, in every shard.
    package func covers(_ other: LogVector) -> Bool {
        positions.count == other.positions.count && zip(positions, other.positions).allSatisfy { $0 >= $1 }
    }

    package func merged(with other: LogVector) -> LogVector {
        LogVector(zip(positions, other.positions).map { max($0, $1) })
    }
}
