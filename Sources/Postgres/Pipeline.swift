internal import DequeModule

/// What is on the wire of one connection, and what each answer of libpq means for it. Pure: no socket, no libpq.
///
/// The facts it is built on:
/// - Statements between two Syncs share one implicit transaction, and the commit happens **at the Sync**. "Command
///   complete" arrives before the commit, which may still fail (deferred constraints, serialization) or never happen
///   (the server dies). So a write gets a Sync of its own, and counts as done when the Sync is answered, not before.
/// - A statement that fails aborts those behind it up to the next Sync. They were not executed, and are sent again.
/// - A plan is not part of the transaction: once prepared it stays, also when a later statement fails.
struct Pipeline<Item, Output, Plan, Failure: Error> {
    enum Entry {
        case prepare(Plan)
        case execute(Item, Plan)
        /// An `execute` whose outcome is known only at the next sync.
        case write(Item, Plan)
        case sync
    }

    enum Reply {
        case succeeded(Output)
        case failed(Failure, needsNewPlan: Bool)
        /// Not executed, because something before it in the same segment failed.
        case aborted
        case synced
    }

    enum Action {
        case nothing
        case completed(Item, Result<Output, Failure>)
        /// Not executed: to be sent again.
        case notExecuted(Item)
        /// The plan is stale: forget it and send the item again; if it was sent again already, fail it.
        case stale(Item, Plan, Failure)
        /// The plan does not exist on the server.
        case unprepared(Plan)
        /// The reply cannot belong to what was sent: the connection is of no use any more.
        case outOfStep
    }

    private var entries: Deque<Entry> = []
    /// The write of the current segment that was executed but is not committed yet.
    private var uncommitted: (item: Item, outcome: Result<Output, Failure>)?
    /// Why the statement that comes next could not be prepared.
    private var prepareFailure: Failure?

    var isEmpty: Bool { entries.isEmpty && uncommitted == nil }

    mutating func sent(_ entry: Entry) { entries.append(entry) }

    mutating func receive(_ reply: Reply) -> Action {
        guard let head = entries.first else { return .outOfStep }
        switch (head, reply) {
        case (.sync, .synced):
            entries.removeFirst()
            prepareFailure = nil
            guard let write = uncommitted else { return .nothing }
            uncommitted = nil
            return .completed(write.item, write.outcome)
        case (.sync, .failed(let failure, _)):
            // The commit failed. The answer to the sync itself still follows.
            if let write = uncommitted { uncommitted = (write.item, .failure(failure)) }
            return .nothing
        case (.sync, _), (_, .synced):
            return .outOfStep
        case (.prepare(let plan), _):
            entries.removeFirst()
            return prepared(plan, reply)
        case (.execute(let item, let plan), _):
            entries.removeFirst()
            return executed(item, plan, reply, isWrite: false)
        case (.write(let item, let plan), _):
            entries.removeFirst()
            return executed(item, plan, reply, isWrite: true)
        }
    }

    /// After the connection is lost: everything that was sent and not answered for good, in order.
    mutating func takeUnanswered() -> [Item] {
        var items: [Item] = []
        if let write = uncommitted { items.append(write.item) }
        for entry in entries {
            switch entry {
            case .execute(let item, _), .write(let item, _): items.append(item)
            case .prepare, .sync: break
            }
        }
        entries = []
        uncommitted = nil
        return items
    }

    private mutating func prepared(_ plan: Plan, _ reply: Reply) -> Action {
        switch reply {
        case .succeeded, .synced: return .nothing
        case .aborted: return .unprepared(plan)
        case .failed(let failure, _):
            prepareFailure = failure
            return .unprepared(plan)
        }
    }

    private mutating func executed(_ item: Item, _ plan: Plan, _ reply: Reply, isWrite: Bool) -> Action {
        switch reply {
        case .succeeded(let output):
            guard isWrite else { return .completed(item, .success(output)) }
            uncommitted = (item, .success(output))
            return .nothing
        case .failed(let failure, needsNewPlan: true): return .stale(item, plan, failure)
        case .failed(let failure, needsNewPlan: false): return .completed(item, .failure(failure))
        case .aborted, .synced:
            // Aborted by its own preparation: then it is that statement that is wrong, and it is not sent again.
            guard let failure = prepareFailure else { return .notExecuted(item) }
            prepareFailure = nil
            return .completed(item, .failure(failure))
        }
    }
}
