internal import DequeModule
internal import Reactor

/// A task that waits for a connection of its own. Touched on the reactor's thread only.
final class SessionWaiter: @unchecked Sendable {
    typealias Outcome = Result<SessionLease, PostgresError>

    let startedAt = MonotonicTime.now()
    private var continuation: CheckedContinuation<Outcome, Never>?
    private(set) var isCancelled = false

    var isAnswered: Bool { continuation == nil }

    func wait(with continuation: CheckedContinuation<Outcome, Never>) { self.continuation = continuation }

    func answer(_ outcome: Outcome) {
        continuation?.resume(returning: outcome)
        continuation = nil
    }

    func cancel() {
        isCancelled = true
        answer(.failure(.cancelled))
    }
}

/// The right to one connection, until it is given back.
struct SessionLease: Sendable {
    let connection: LoopBound<Connection>
    /// Tells this use of the connection from later ones.
    let id: UInt64
}

/// The connections that are handed out to one task each, and who waits for one. On the reactor's thread.
struct SessionTable {
    private(set) var leased: [Connection] = []
    private var idle: [Connection] = []
    private var waiters: Deque<SessionWaiter> = []
    private var lastLease: UInt64 = 0
    /// Connections for this table that are being opened.
    var attempts = 0

    var all: [Connection] { leased + idle }
    var hasWaiters: Bool { !waiters.isEmpty }

    func wantsConnection(limit: Int) -> Bool {
        attempts < waiters.count && leased.count + idle.count + attempts < limit
    }

    mutating func acquire(_ waiter: SessionWaiter, limit: Int, on loop: ReactorLoop) {
        guard !waiter.isCancelled else { return waiter.answer(.failure(.cancelled)) }
        guard waiters.count < limit else { return waiter.answer(.failure(.overloaded)) }
        waiters.append(waiter)
        serve(on: loop)
    }

    mutating func add(_ connection: Connection, on loop: ReactorLoop) {
        idle.append(connection)
        serve(on: loop)
    }

    /// Takes a connection back. Not one that may still have something of its last user: that is the caller's to close.
    mutating func giveBack(_ connection: Connection, on loop: ReactorLoop) {
        connection.lease = 0
        leased.removeAll { $0 === connection }
        guard !connection.isLost else { return }
        idle.append(connection)
        serve(on: loop)
    }

    mutating func remove(_ connection: Connection) {
        leased.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
    }

    mutating func expireWaiters(now: MonotonicTime, limit: Duration, reason: String?) {
        while let waiter = waiters.first, waiter.isAnswered || now.since(waiter.startedAt) >= limit {
            waiters.removeFirst()
            waiter.answer(.failure(.unavailable(reason: reason ?? "all transactions are busy")))
        }
    }

    mutating func failWaiters(_ error: PostgresError) {
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.answer(.failure(error)) }
    }

    private mutating func serve(on loop: ReactorLoop) {
        while let waiter = waiters.first {
            guard waiter.isAnswered || !idle.isEmpty else { return }
            waiters.removeFirst()
            guard !waiter.isAnswered, let connection = idle.popLast() else { continue }
            lastLease += 1
            connection.lease = lastLease
            leased.append(connection)
            waiter.answer(.success(SessionLease(connection: LoopBound(connection, on: loop), id: lastLease)))
        }
    }
}
