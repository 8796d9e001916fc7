package import Logging
package import Reactor
internal import Synchronization

/// A small pool of connections to one database, on a reactor's thread.
///
/// Single statements of all tasks share the connections in libpq's pipeline mode; what a turn of the reactor finds goes
/// out together. A transaction of several statements has a connection of its own. Connections are opened as the load
/// asks for them, and opened again with growing pauses when the server goes away; statements wait meanwhile.
package final class PostgresPool: Sendable {
    private struct Inbox {
        var arrivals: [Arrival] = []
        var isScheduled = false
    }

    let reactor: Reactor
    let core: LoopBound<PoolCore>
    let configuration: PostgresConfiguration
    /// Emptied at each turn of the reactor; every element is a task that waits.
    private let inbox = Mutex(Inbox())

    /// Starts to connect at once. Fails never: a statement does, when there is no connection in time.
    package init(_ configuration: PostgresConfiguration, reactor: Reactor, logger: Logger) {
        self.configuration = configuration
        self.reactor = reactor
        core = LoopBound(PoolCore(configuration, reactor: reactor, logger: logger))
        reactor.submit { [core] loop in core.value(on: loop).connectAsNeeded(on: loop) }
    }

    /// The connections know their core without owning it, so it must see them closed.
    deinit {
        reactor.submit { [core] loop in core.value(on: loop).closeNow(on: loop) }
    }

    /// Runs one statement.
    ///
    /// - Throws: `PostgresError`; `mayRetry` says whether to try again.
    /// - Cost: one round trip, shared with the other statements of the moment.
    package func query<each Parameter: PostgresEncodable>(
        _ statement: Statement, _ parameter: repeat each Parameter
    ) async throws(PostgresError) -> PostgresRows {
        var parameters = ParameterBlock()
        repeat parameters.append(each parameter)
        guard parameters.isWithinLimits else { throw .parametersTooLarge(statement: statement.name) }
        let request = Request(statement, parameters)
        return try await wait(for: request) { submit(Arrival(request: request, continuation: $0)) }.get()
    }

    /// Runs one statement for its effect.
    ///
    /// - Returns: how many rows it touched.
    @discardableResult
    package func execute<each Parameter: PostgresEncodable>(
        _ statement: Statement, _ parameter: repeat each Parameter
    ) async throws(PostgresError) -> Int {
        try await query(statement, repeat each parameter).affectedRows
    }

    /// Ends the pool: takes nothing more, waits for what is in flight, then closes the connections.
    ///
    /// - Parameter grace: after this the connections are closed in any case.
    package func close(within grace: Duration = .seconds(5)) async {
        await withCheckedContinuation { continuation in
            let submitted = reactor.submit { [core] loop in
                core.value(on: loop).close(continuation, within: grace, on: loop)
            }
            if !submitted { continuation.resume() }
        }
    }

    /// Suspends until `request` is answered; `hand` gives it to the reactor and returns false when that has ended.
    func wait(
        for request: Request, cancellable: Bool = true, _ hand: (Request.Continuation) -> Bool
    ) async -> Request.Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if !hand(continuation) { continuation.resume(returning: .failure(.closed)) }
            }
        } onCancel: {
            guard cancellable else { return }
            reactor.submit { [core] loop in core.value(on: loop).cancel(request, on: loop) }
        }
    }

    private func submit(_ arrival: Arrival) -> Bool {
        let isFirst = inbox.withLock { inbox in
            inbox.arrivals.append(arrival)
            let isFirst = !inbox.isScheduled
            inbox.isScheduled = true
            return isFirst
        }
        guard isFirst else { return true }
        let submitted = reactor.submit { [self] loop in core.value(on: loop).accept(takeInbox(), on: loop) }
        guard !submitted else { return true }
        // The reactor has ended, also for those who came in behind this one.
        for arrival in takeInbox() { arrival.continuation.resume(returning: .failure(.closed)) }
        return true
    }

    private func takeInbox() -> [Arrival] {
        inbox.withLock { inbox in
            inbox.isScheduled = false
            var taken: [Arrival] = []
            swap(&taken, &inbox.arrivals)
            return taken
        }
    }
}

/// A request on its way to the reactor's thread.
struct Arrival: Sendable {
    let request: Request
    let continuation: Request.Continuation
}
