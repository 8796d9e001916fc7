import MatrixCore
import Storage
import Synchronization

/// How many members rooms have, kept in memory until somebody comes or goes.
final class MemberCounts: Sendable {
    private static let maxCached = 20_000

    private struct State {
        var counts: [RoomNID: Int] = [:]
        /// Counts the changes told: what was read while one came is not kept.
        var changes: UInt64 = 0
    }

    private let memberships: MembershipStore
    private let state = Mutex(State())

    init(memberships: MembershipStore) { self.memberships = memberships }

    /// To be told every row of the log.
    func apply(_ row: LogRow) {
        guard let room = row.roomNID, !row.memberNIDs.isEmpty else { return }
        state.withLock { state in
            state.changes &+= 1
            state.counts[room] = nil
        }
    }

    /// The users of any server who have joined.
    func joined(in room: RoomNID) async throws -> Int {
        let (known, changes) = state.withLock { ($0.counts[room], $0.changes) }
        if let known { return known }
        let count = try await memberships.counts(of: room).joined
        state.withLock { state in
            guard state.changes == changes else { return }
            if state.counts.count >= Self.maxCached { state.counts = [:] }
            state.counts[room] = count
        }
        return count
    }
}
