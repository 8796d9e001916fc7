package import Postgres

/// One slot of a duty, as its holder was told.
package struct LeaseRecord: Sendable, Hashable {
    package let slot: Int32
    /// Grows whenever the slot changes hands.
    package let epoch: Int64
    /// How many slots each live worker may hold.
    package let share: Int32
    /// How far the slot has come; `nil` when nobody ever saved that.
    package let cursor: LogVector?
}

/// Slots of duties, held by lease. The times are the database's own, so clocks of workers do not matter.
package struct LeaseStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Renews what the worker holds, takes what is free up to its fair share, and returns all that it holds now.
    ///
    /// - Parameter worker: names one process: a restarted worker is another one.
    package func renew(
        duty: String, worker: String, slots: Int32, timeToLive: Duration
    ) async throws -> [LeaseRecord] {
        let (seconds, attoseconds) = timeToLive.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return try (try await pool.query(LeaseStatements.renew, duty, worker, slots, milliseconds)).map { row in
            var row = row
            return LeaseRecord(
                slot: try row.next(Int32.self), epoch: try row.next(Int64.self), share: try row.next(Int32.self),
                cursor: try row.next([Int64]?.self).map { LogVector($0) })
        }
    }

    /// Gives a slot back, so that others may take it at once.
    package func release(duty: String, slot: Int32, worker: String, epoch: Int64) async throws {
        _ = try await pool.query(LeaseStatements.release, duty, slot, worker, epoch)
    }

    /// Says that the worker takes no more slots of the duty.
    package func leave(duty: String, worker: String) async throws {
        _ = try await pool.query(LeaseStatements.leave, duty, worker)
    }

    /// Saves how far slots have come.
    ///
    /// - Parameter cursors: in ascending order of their slots.
    /// - Returns: the slots that were saved. The others have another holder by now.
    package func save(_ cursors: [SlotCursor], duty: String, worker: String) async throws -> Set<Int32> {
        guard !cursors.isEmpty else { return [] }
        let rows = try await pool.query(
            LeaseStatements.saveCursors, duty, worker, cursors.map(\.slot), cursors.map(\.epoch),
            cursors.map { "{\($0.cursor.positions.map(String.init).joined(separator: ","))}" })
        return Set(
            try rows.map { row in
                var row = row
                return try row.next(Int32.self)
            })
    }
}

/// How far the holder of a slot has come.
package struct SlotCursor: Sendable {
    package let slot: Int32
    package let epoch: Int64
    package let cursor: LogVector

    package init(slot: Int32, epoch: Int64, cursor: LogVector) {
        self.slot = slot
        self.epoch = epoch
        self.cursor = cursor
    }
}
