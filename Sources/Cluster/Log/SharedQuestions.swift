import Synchronization

/// Puts together what many requests of one moment ask the database.
///
/// One question is on its way at a time. Whoever comes meanwhile waits for it to return, and then one of those who wait asks
/// for all of them: an answer counts for those only who were there before its question was sent. So nobody waits for
/// more than two answers, and under load there are fewer questions a request, not more.
package final class SharedQuestions: Sendable {
    package typealias Shards = Set<Int16>

    private enum Turn: Sendable {
        /// To ask for oneself and for those who came after.
        case ask(Round)
        case answered
        case failed(any Error)
        /// Whoever asked for us was cancelled.
        case again
        case cancelled
    }

    private struct Round: Sendable {
        var shards: Shards = []
        var waiting: [Waiter<Turn>] = []
    }

    private struct State {
        var isAsking = false
        var next = Round()
    }

    private let state = Mutex(State())

    package init() {}

    /// How many wait for the next question.
    package var waitingCount: Int { state.withLock { $0.next.waiting.count } }

    /// Returns once `ask` has returned for these shards, having been called after this was.
    ///
    /// - Throws: what `ask` throws; `CancellationError`.
    package func ask(_ shards: Shards, _ ask: @Sendable (Shards) async throws -> Void) async throws {
        while true {
            switch await turn(for: shards) {
            case .ask(let round): return try await lead(round, ask)
            case .answered: return
            case .failed(let error): throw error
            case .again: continue
            case .cancelled: throw CancellationError()
            }
        }
    }

    private func turn(for shards: Shards) async -> Turn {
        let waiter = Waiter<Turn>()
        let isFree = state.withLock { state in
            if !state.isAsking {
                state.isAsking = true
                return true
            }
            state.next.shards.formUnion(shards)
            state.next.waiting.append(waiter)
            return false
        }
        return isFree ? .ask(Round(shards: shards)) : await waiter.wait(cancelled: .cancelled)
    }

    private func lead(_ round: Round, _ ask: @Sendable (Shards) async throws -> Void) async throws {
        do {
            try await ask(round.shards)
            handOver()
            for waiter in round.waiting { waiter.end(.answered) }
        } catch {
            handOver()
            let turn: Turn = error is CancellationError ? .again : .failed(error)
            for waiter in round.waiting { waiter.end(turn) }
            throw error
        }
    }

    /// Makes one of those who wait ask for all of them. Those whose requests were cancelled meanwhile are passed over.
    private func handOver() {
        while true {
            var round = state.withLock { state in
                defer { state.next = Round() }
                if state.next.waiting.isEmpty { state.isAsking = false }
                return state.next
            }
            if round.waiting.isEmpty { return }
            while let leader = round.waiting.popLast() {
                if leader.end(.ask(round)) { return }
            }
            // All of them had gone; others may have come in the meantime.
        }
    }
}
