package import MatrixCore
package import Postgres
import Synchronization

/// Event and pack numbers, taken from the database in blocks.
///
/// An event's number must be above those of the events it builds on; a block that has fallen behind is thrown away.
package final class NumberBlocks: Sendable {
    /// What the sequences are incremented by.
    private static let blockSize: Int64 = 64

    private struct Block {
        var next: Int64 = 0
        var end: Int64 = 0

        mutating func take(_ count: Int64, above floor: Int64) -> Int64? {
            let first = max(next, floor + 1)
            guard end - first >= count else { return nil }
            next = first + count
            return first
        }
    }

    private let pool: PostgresPool
    private let events = Mutex(Block())
    private let packs = Mutex(Block())

    package init(pool: PostgresPool) { self.pool = pool }

    /// Numbers for `count` events, ascending, all above `floor`.
    package func events(_ count: Int, above floor: EventNID?) async throws -> [EventNID] {
        var numbers: [EventNID] = []
        var floor = floor?.rawValue ?? 0
        while numbers.count < count {
            let wanted = Int64(min(count - numbers.count, Int(Self.blockSize)))
            var first = events.withLock { [floor] in $0.take(wanted, above: floor) }
            while first == nil {
                let start = try await reserve(RoomStatements.reserveEvents)
                first = events.withLock { [floor] block in
                    if start > block.next { block = Block(next: start, end: start + Self.blockSize) }
                    return block.take(wanted, above: floor)
                }
            }
            guard let first else { break }
            for number in first..<first + wanted { numbers.append(EventNID(number)) }
            floor = first + wanted - 1
        }
        return numbers
    }

    /// A number for a pack.
    package func pack() async throws -> PackNID {
        if let number = packs.withLock({ $0.take(1, above: 0) }) { return PackNID(number) }
        let start = try await reserve(RoomStatements.reservePacks)
        packs.withLock { block in
            if block.next == block.end { block = Block(next: start + 1, end: start + Self.blockSize) }
        }
        return PackNID(start)
    }

    private func reserve(_ statement: Statement) async throws -> Int64 {
        guard var row = try await pool.query(statement).first else { throw StorageError.missing("sequence") }
        return try row.next(Int64.self)
    }
}
