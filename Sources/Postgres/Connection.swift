internal import CPostgres
internal import Logging
internal import Reactor

/// A plan prepared on one connection.
final class Plan {
    let statement: Statement
    let types: [PostgresType]
    /// Its name on the server. Unique for the connection, so that preparing anew never meets an old one.
    let serverName: String

    init(_ statement: Statement, types: [PostgresType], serverName: String) {
        self.statement = statement
        self.types = types
        self.serverName = serverName
    }
}

/// Who opened a connection and gets what comes of it.
protocol ConnectionOwner: AnyObject {
    func connection(_ connection: Connection, answered request: Request, _ outcome: Request.Outcome)
    /// Not executed; to be sent again, on any connection.
    func connection(_ connection: Connection, returned request: Request)
    /// The answers that were at hand are dealt with: there may be room for more.
    func connectionProgressed(_ connection: Connection, on loop: ReactorLoop)
    /// Called once. `unanswered` was sent and its fate is unknown.
    func connection(_ connection: Connection, lostWith unanswered: [Request], reason: String, on loop: ReactorLoop)
}

/// One connection in libpq's pipeline mode, on the reactor's thread.
final class Connection: ReactorHandler {
    /// Neighbours' failures after which a read goes out in a segment of its own.
    private static let maximumAborts = 2
    /// Reads that share one Sync. The server hands their results out at the Sync, so the first waits for the last.
    private static let maximumReadsPerSync = 32
    /// libpq returns a null pointer after each result; more of them in a row mean that it and we do not agree.
    private static let maximumNullResults = 3

    private let handle: ConnectionHandle
    private let descriptor: Int32
    private unowned let owner: any ConnectionOwner
    private var pipeline = Pipeline<Request, PostgresRows, Plan, ServerError>()
    private var plans: [Statement: [Plan]] = [:]
    private var plansMade = 0
    private var unsynced = 0
    private var wantsWritable = false
    private var script: ScriptRun?

    /// The weight of what is in flight.
    private(set) var load = 0
    private(set) var isLost = false
    let openedAt = MonotonicTime.now()
    /// When the server last answered, or was given something to do after it had nothing.
    private(set) var lastProgress = MonotonicTime.now()

    /// The transaction that has this connection; 0 when none has. Statements of another one are refused.
    var lease: UInt64 = 0

    var awaitsServer: Bool { !pipeline.isEmpty && script == nil }
    var needsEndOfTurn: Bool { unsynced > 0 }

    init(_ handle: ConnectionHandle, owner: any ConnectionOwner, on loop: ReactorLoop) throws(ReactorError) {
        self.handle = handle
        self.owner = owner
        descriptor = PQsocket(handle.pointer)
        try loop.add(descriptor, for: .readable, handler: self)
    }

    /// Hands a statement to libpq.
    ///
    /// - Returns: false when the connection turned out to be lost. The request was then certainly not committed, since
    ///   no Sync was sent for it, and still belongs to the caller.
    func send(_ request: Request, on loop: ReactorLoop) -> Bool {
        guard !isLost, script == nil else { return false }
        if pipeline.isEmpty { lastProgress = loop.now }
        let isWrite = request.mode == .write
        let alone = isWrite || request.aborts >= Self.maximumAborts
        if alone && unsynced > 0 && !sync(on: loop) { return false }
        guard let plan = plan(for: request), execute(request, with: plan) else {
            lose(handle.complaint, on: loop)
            return false
        }
        pipeline.sent(isWrite ? .write(request, plan) : .execute(request, plan))
        request.isSent = true
        load += request.weight
        unsynced += 1
        if alone || unsynced >= Self.maximumReadsPerSync { _ = sync(on: loop) }
        return true
    }

    /// Ends the segment of reads that this turn of the reactor has collected, with one Sync for all of them.
    func endTurn(on loop: ReactorLoop) {
        if unsynced > 0, !isLost { _ = sync(on: loop) }
    }

    /// Runs SQL text of several statements outside of the pipeline. Nothing else may be in flight.
    func run(_ script: ScriptRun, on loop: ReactorLoop) {
        guard !isLost, pipeline.isEmpty, self.script == nil, PQexitPipelineMode(handle.pointer) == 1,
            PQsendQuery(handle.pointer, script.sql) == 1
        else {
            script.finish(.failure(.closed))
            lose(handle.complaint, on: loop)
            return
        }
        self.script = script
        flush(on: loop)
    }

    func close(on loop: ReactorLoop) {
        guard !isLost else { return }
        isLost = true
        loop.remove(descriptor)
        script?.finish(.failure(.closed))
        script = nil
    }

    func ready(_ readiness: Readiness, on loop: ReactorLoop) {
        if wantsWritable { flush(on: loop) }
        guard !isLost else { return }
        guard PQconsumeInput(handle.pointer) == 1 else { return lose(handle.complaint, on: loop) }
        if script != nil { readScript(on: loop) } else { readReplies(on: loop) }
        guard !isLost else { return }
        owner.connectionProgressed(self, on: loop)
    }

    /// Gives the connection up. What is unanswered goes to the owner.
    func lose(_ reason: String, on loop: ReactorLoop) {
        guard !isLost else { return }
        isLost = true
        loop.remove(descriptor)
        script?.finish(.failure(.connectionLost(statement: ScriptRun.name, mayBeCommitted: true)))
        script = nil
        owner.connection(self, lostWith: pipeline.takeUnanswered(), reason: reason, on: loop)
    }

    // MARK: Sending

    private func plan(for request: Request) -> Plan? {
        let known = plans[request.statement]?.first { request.parameters.matches($0.types) }
        if let known { return known }
        plansMade += 1
        let plan = Plan(
            request.statement, types: request.parameters.cells.map(\.type),
            serverName: "\(request.statement.name)/\(plansMade)")
        let types = plan.types.map(\.rawValue)
        guard PQsendPrepare(handle.pointer, plan.serverName, plan.statement.sql, Int32(types.count), types) == 1 else {
            return nil
        }
        pipeline.sent(.prepare(plan))
        // Known from now on: what is sent next may already use it, because the server works in order.
        plans[request.statement, default: []].append(plan)
        return plan
    }

    private func execute(_ request: Request, with plan: Plan) -> Bool {
        request.parameters.withLibpqArrays { values, lengths, formats in
            PQsendQueryPrepared(
                handle.pointer, plan.serverName, Int32(request.parameters.cells.count), values, lengths, formats, 1)
                == 1
        }
    }

    private func forget(_ plan: Plan) {
        plans[plan.statement]?.removeAll { $0 === plan }
    }

    private func sync(on loop: ReactorLoop) -> Bool {
        unsynced = 0
        guard PQpipelineSync(handle.pointer) == 1 else {
            lose(handle.complaint, on: loop)
            return false
        }
        pipeline.sent(.sync)
        flush(on: loop)
        return !isLost
    }

    private func flush(on loop: ReactorLoop) {
        let left = PQflush(handle.pointer)
        // A write that fails alone is passed over: what the server still says is read until it has closed. Then libpq has let go
        // of the socket, and of what it was asked: answers that are at hand still would be taken for others.
        guard left >= 0 else { return lose(handle.complaint, on: loop) }
        let wanted = left == 1
        guard wanted != wantsWritable else { return }
        wantsWritable = wanted
        do {
            try loop.modify(descriptor, for: wanted ? [.readable, .writable] : .readable)
        } catch {
            lose(error.description, on: loop)
        }
    }

    // MARK: Receiving

    private func readReplies(on loop: ReactorLoop) {
        var nulls = 0
        while !isLost, !pipeline.isEmpty, PQisBusy(handle.pointer) == 0 {
            guard let pointer = PQgetResult(handle.pointer) else {
                nulls += 1
                if nulls > Self.maximumNullResults { return lose(handle.complaint, on: loop) }
                continue
            }
            nulls = 0
            lastProgress = loop.now
            let result = ResultHandle(pointer)
            switch result.status {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                perform(pipeline.receive(.succeeded(PostgresRows(result))), on: loop)
            case PGRES_PIPELINE_SYNC: perform(pipeline.receive(.synced), on: loop)
            case PGRES_PIPELINE_ABORTED: perform(pipeline.receive(.aborted), on: loop)
            case PGRES_FATAL_ERROR:
                let error = result.serverError()
                // Without a code it is libpq that speaks: the connection is broken.
                guard !error.endsSession, !error.sqlState.isEmpty else { return lose(error.message, on: loop) }
                perform(pipeline.receive(.failed(error, needsNewPlan: error.needsNewPlan)), on: loop)
            default: lose("a statement that copies is not possible in a pipeline", on: loop)
            }
        }
    }

    private func perform(
        _ action: Pipeline<Request, PostgresRows, Plan, ServerError>.Action, on loop: ReactorLoop
    ) {
        switch action {
        case .nothing: break
        case .unprepared(let plan): forget(plan)
        case .completed(let request, .success(let rows)):
            load -= request.weight
            owner.connection(self, answered: request, .success(rows))
        case .completed(let request, .failure(let error)): fail(request, error)
        case .notExecuted(let request):
            request.aborts += 1
            giveBack(request)
        case .stale(let request, let plan, let error):
            forget(plan)
            // In a transaction it cannot be sent again: the failure has ended that.
            guard lease == 0, request.replans == 0 else { return fail(request, error) }
            request.replans += 1
            giveBack(request)
        case .outOfStep: lose("the server's answer does not belong to a statement", on: loop)
        }
    }

    private func fail(_ request: Request, _ error: ServerError) {
        load -= request.weight
        owner.connection(self, answered: request, .failure(PostgresError(error, of: request.statement)))
    }

    private func giveBack(_ request: Request) {
        load -= request.weight
        request.isSent = false
        owner.connection(self, returned: request)
    }

    private func readScript(on loop: ReactorLoop) {
        while let script, PQisBusy(handle.pointer) == 0 {
            guard let pointer = PQgetResult(handle.pointer) else {
                self.script = nil
                guard PQenterPipelineMode(handle.pointer) == 1 else { return lose(handle.complaint, on: loop) }
                return script.finish()
            }
            let result = ResultHandle(pointer)
            switch result.status {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            case PGRES_FATAL_ERROR:
                let error = result.serverError()
                guard !error.endsSession, !error.sqlState.isEmpty else { return lose(error.message, on: loop) }
                script.note(error)
            default: return lose("a script must not copy", on: loop)
            }
        }
    }
}
