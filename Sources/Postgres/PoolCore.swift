internal import DequeModule
internal import Logging
internal import Reactor

/// The pool as it lives on the reactor's thread: what waits, what is connected, who gets what.
///
/// Statements wait here, not at a connection: each connection takes only what its window allows, so one that is stuck
/// behind a slow statement keeps few others waiting.
final class PoolCore {
    /// What may be in flight on one connection, by weight.
    static let maximumLoad = 64
    /// With this much in flight on the least loaded connection, another one is opened.
    static let growthLoad = 4
    /// A statement that reads is cut off this many times, then fails: it may be what kills the server.
    static let maximumLosses = 3

    let configuration: PostgresConfiguration
    let reactor: Reactor
    let connector: Connector
    let logger: Logger

    var queue: Deque<Request> = []
    var connections: [Connection] = []
    var attempts = 0
    var backoff = Backoff(first: .milliseconds(50), limit: .seconds(2))
    var retryTimer: ReactorTimer?
    /// libpq's last complaint, while no attempt has succeeded since.
    var connectFailure: String?
    var upkeepTimer: ReactorTimer?

    var sessions = SessionTable()

    var isClosing = false
    var closeWaiters: [CheckedContinuation<Void, Never>] = []

    /// What came back in the course of reading one connection's answers; goes to the front of the queue in order.
    private var returned: [Request] = []

    init(_ configuration: PostgresConfiguration, reactor: Reactor, logger: Logger) {
        self.configuration = configuration
        self.reactor = reactor
        self.logger = logger
        connector = Connector(configuration)
    }

    /// Takes what the calling tasks handed over since the last turn.
    func accept(_ arrivals: [Arrival], on loop: ReactorLoop) {
        for arrival in arrivals {
            let request = arrival.request
            request.wait(with: arrival.continuation)
            if request.isCancelled {
                answer(request, .failure(.cancelled))
            } else if isClosing {
                answer(request, .failure(.closed))
            } else {
                if queue.count >= configuration.maximumQueuedStatements { handOut(on: loop) }
                guard queue.count < configuration.maximumQueuedStatements else {
                    answer(request, .failure(.overloaded))
                    continue
                }
                queue.append(request)
            }
        }
        pump(on: loop)
    }

    /// Hands what waits to the connections, and ends their turn: that is one Sync for all reads of a connection.
    func pump(on loop: ReactorLoop) {
        handOut(on: loop)
        for connection in connections where connection.needsEndOfTurn { connection.endTurn(on: loop) }
        connectAsNeeded(on: loop)
        scheduleUpkeep(on: loop)
        finishClosing(on: loop)
    }

    private func handOut(on loop: ReactorLoop) {
        while let request = queue.first {
            if request.isAnswered {
                queue.removeFirst()
                continue
            }
            guard let connection = leastLoaded(), connection.load < Self.maximumLoad else { break }
            queue.removeFirst()
            if !connection.send(request, on: loop) { queue.prepend(request) }
        }
    }

    func answer(_ request: Request, _ outcome: Request.Outcome) {
        request.answer(outcome, to: configuration.observer)
    }

    func cancel(_ request: Request, on loop: ReactorLoop) {
        request.cancel(observer: configuration.observer)
    }

    /// The first of the least loaded: with little to do, few connections are used, and their plans stay warm.
    func leastLoaded() -> Connection? {
        var least: Connection?
        for connection in connections where connection.load < least?.load ?? .max { least = connection }
        return least
    }
}

extension PoolCore: ConnectionOwner {
    func connection(_ connection: Connection, answered request: Request, _ outcome: Request.Outcome) {
        answer(request, outcome)
    }

    func connection(_ connection: Connection, returned request: Request) {
        guard !request.isAnswered else { return }
        if connection.lease == 0 {
            returned.append(request)
        } else {
            // Nothing of a transaction is sent twice.
            answer(request, .failure(.rolledBack))
        }
    }

    func connectionProgressed(_ connection: Connection, on loop: ReactorLoop) {
        takeReturned()
        if !queue.isEmpty || isClosing { pump(on: loop) }
    }

    func connection(
        _ connection: Connection, lostWith unanswered: [Request], reason: String, on loop: ReactorLoop
    ) {
        connections.removeAll { $0 === connection }
        sessions.remove(connection)
        takeReturned()
        for request in unanswered.reversed() {
            request.wasCutOff(on: connection, now: loop.now)
            if request.isAnswered { continue }
            if request.mode == .read, request.losses < Self.maximumLosses, !isClosing {
                queue.prepend(request)
            } else {
                answer(
                    request,
                    .failure(
                        .connectionLost(statement: request.statement.name, mayBeCommitted: request.isCommit)))
            }
        }
        if !isClosing { logger.warning("connection to Postgres lost", metadata: ["cause": .string(reason)]) }
        // Not here: whoever is in the middle of sending must finish first.
        reactor.submit { [core = LoopBound(self, on: loop)] loop in core.value(on: loop).pump(on: loop) }
    }

    private func takeReturned() {
        for request in returned.reversed() { queue.prepend(request) }
        returned.removeAll(keepingCapacity: true)
    }
}
