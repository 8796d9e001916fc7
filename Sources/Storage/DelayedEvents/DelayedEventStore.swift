package import MatrixCore
package import Postgres

/// Events that are to be sent later, and for a while what became of them.
package struct DelayedEventStore: Sendable {
    /// What can be done with an event that waits.
    package enum Change: Int16, Sendable {
        case cancel = 1
        case restart = 2
        /// Begins to send it now. It can be neither cancelled nor restarted from then on.
        case take = 3
    }

    package enum ChangeOutcome: Int16, Sendable {
        case unknown = 0
        case done = 1
        /// It was sent, or somebody is about to send it.
        case sent = 2
        /// It was cancelled, or could not be sent.
        case cancelled = 3
    }

    /// What came of scheduling one.
    package enum Scheduled: Sendable {
        case kept(delayID: String)
        /// The user has too many waiting; the next of them is due then, in milliseconds since 1970.
        case full(nextAt: Int64?)
    }

    /// Events that are purged with one statement.
    private static let maxPurged: Int64 = 500
    /// Finalised events of a user that are kept, besides their age.
    private static let maxFinalised: Int64 = 1000

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Keeps an event for later, durably.
    ///
    /// - Parameters:
    ///   - slot: of the duty that sends it.
    ///   - limit: events that a user may have waiting.
    package func schedule(
        _ event: NewDelayedEvent, delayID: String, by user: UserNID, slot: Int16, limit: Int, now: Int64
    ) async throws -> Scheduled {
        let rows = try await pool.query(
            DelayedEventStatements.schedule, delayID, slot, user.rawValue, event.roomID.description, event.type,
            event.stateKey, event.content, event.stickyMilliseconds, event.transaction?.deviceID,
            event.transaction?.transactionID, event.delayMilliseconds, now, Int64(limit), Self.maxFinalised)
        guard var row = rows.first else { throw StorageError.missing("schedule_delayed_event") }
        if let delayID = try row.next(String?.self) { return .kept(delayID: delayID) }
        return .full(nextAt: try row.next(Int64?.self))
    }

    /// - Parameter user: whose event it has to be; `nil` where knowing its id is enough.
    package func change(
        _ delayID: String, _ change: Change, by user: UserNID?, now: Int64
    ) async throws -> ChangeOutcome {
        let rows = try await pool.query(
            DelayedEventStatements.change, delayID, user?.rawValue, change.rawValue, now)
        guard var row = rows.first, let outcome = ChangeOutcome(rawValue: try row.next(Int16.self)) else {
            throw StorageError.missing("change_delayed_event")
        }
        return outcome
    }

    /// An event that was taken could not be sent, and waits on.
    package func release(_ delayID: String) async throws {
        _ = try await pool.query(DelayedEventStatements.release, delayID)
    }

    /// Says what became of an event. Whoever is first is right.
    package func finalise(_ delayID: String, _ end: DelayedEventRecord.End) async throws {
        var eventID: String?
        var error: [UInt8]?
        switch end.outcome {
        case .sent(let id): eventID = id.description
        case .failed(let response): error = response
        case .cancelled: break
        }
        _ = try await pool.query(DelayedEventStatements.finalise, delayID, end.finalisedAt, eventID, error)
    }

    /// When the first event of each slot is to be looked at, in milliseconds since 1970; none after `horizon`.
    ///
    /// Cost: one look at an index for each slot.
    package func wakings(in slots: Set<Int16>, until horizon: Int64) async throws -> [Int16: Int64] {
        var wakings: [Int16: Int64] = [:]
        for row in try await pool.query(DelayedEventStatements.wakings, slots.sorted(), horizon) {
            let (slot, time) = try row.decode((Int16, Int64).self)
            wakings[slot] = time
        }
        return wakings
    }

    /// Takes events that are due, those that have waited longest first.
    ///
    /// - Parameter busy: rooms whose events wait on, since earlier ones are still being sent.
    package func takeDue(
        in slots: Set<Int16>, besides busy: Set<RoomID>, limit: Int, now: Int64
    ) async throws -> [DelayedEventRecord] {
        try Self.decode(
            try await pool.query(
                DelayedEventStatements.take, slots.sorted(), busy.map(\.description), now, Int64(limit)))
    }

    /// What of a user's waits, in the order in which it is due.
    package func scheduled(by user: UserNID) async throws -> [DelayedEventRecord] {
        try Self.decode(try await pool.query(DelayedEventStatements.ofUser, user.rawValue))
    }

    package func event(_ delayID: String) async throws -> DelayedEventRecord? {
        try Self.decode(try await pool.query(DelayedEventStatements.byID, delayID)).first
    }

    /// Forgets what was done with before a time. At most ``maxPurged``; what is left goes the next time.
    package func purge(in slots: Set<Int16>, finalisedBefore time: Int64) async throws {
        _ = try await pool.query(DelayedEventStatements.purge, slots.sorted(), time, Self.maxPurged)
    }

    private static func decode(_ rows: PostgresRows) throws -> [DelayedEventRecord] {
        try rows.map { row in
            var row = row
            let delayID = try row.next(String.self)
            let user = UserNID(try row.next(Int64.self))
            guard let roomID = RoomID(try row.next(String.self)) else {
                throw StorageError.corrupt("delayed_events.room_id")
            }
            return DelayedEventRecord(
                delayID: delayID, userNID: user, roomID: roomID, type: try row.next(String.self),
                stateKey: try row.next(String?.self), content: try row.next([UInt8].self),
                stickyMilliseconds: try row.next(Int64?.self), delayMilliseconds: try row.next(Int64.self),
                scheduledAt: try row.next(Int64.self), end: try end(&row))
        }
    }

    private static func end(_ row: inout PostgresRow) throws -> DelayedEventRecord.End? {
        let finalisedAt = try row.next(Int64?.self)
        let eventID = try row.next(String?.self)
        let error = try row.next([UInt8]?.self)
        guard let finalisedAt else { return nil }
        if let eventID {
            guard let id = EventID(eventID) else { throw StorageError.corrupt("delayed_events.event_id") }
            return DelayedEventRecord.End(.sent(id), at: finalisedAt)
        }
        return DelayedEventRecord.End(error.map { .failed($0) } ?? .cancelled, at: finalisedAt)
    }
}
