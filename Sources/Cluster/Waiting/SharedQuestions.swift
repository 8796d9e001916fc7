import Synchronization
package import Telemetry

/// Puts together what many ask at one moment, into one question.
///
/// One question is on its way at a time. Whoever comes meanwhile waits for it to return, and then one of those who wait asks
/// for all of them: an answer counts for those only who were there before its question was sent. So nobody waits for
/// more than two answers, and under load there are fewer questions a request, not more.
///
/// Who waits is a task each, so the callers bound it; a wait that is given up leaves nothing behind but its topics in the
/// next question.
package final class SharedQuestions<Topic: Hashable & Sendable, Answer: Sendable>: Sendable {
    package typealias Ask = @Sendable (Set<Topic>) async throws -> Answer

    private enum Turn: Sendable {
        /// To ask, for all who are there.
        case lead
        case answered(Answer)
        case failed(any Error)
        /// Whoever asked for us was cancelled.
        case again
        case cancelled
    }

    private struct Round: Sendable {
        var topics: Set<Topic> = []
        var waiting: [Waiter<Turn>] = []
    }

    private struct State {
        /// Somebody asks, or is about to.
        var isLed = false
        var next = Round()
    }

    private let moment: Duration
    private let clock: any Clock
    private let state = Mutex(State())

    /// - Parameter moment: how long a question waits for others to join, even when none is on its way.
    package init(moment: Duration = .zero, clock: any Clock) {
        self.moment = moment
        self.clock = clock
    }

    /// How many wait for the next question.
    package var waitingCount: Int { state.withLock { $0.next.waiting.count } }

    /// Returns what `ask` answers to a question about these topics, perhaps among others, that begins after this call.
    ///
    /// - Throws: what `ask` throws; `CancellationError`.
    package func ask(_ topics: Set<Topic>, _ ask: Ask) async throws -> Answer {
        while true {
            switch await turn(for: topics) {
            case .lead: return try await lead(ask)
            case .answered(let answer): return answer
            case .failed(let error): throw error
            case .again: continue
            case .cancelled: throw CancellationError()
            }
        }
    }

    private func turn(for topics: Set<Topic>) async -> Turn {
        let waiter = Waiter<Turn>()
        let isFree = state.withLock { state in
            state.next.topics.formUnion(topics)
            if !state.isLed {
                state.isLed = true
                return true
            }
            state.next.waiting.append(waiter)
            return false
        }
        return isFree ? .lead : await waiter.wait(cancelled: .cancelled)
    }

    private func lead(_ ask: Ask) async throws -> Answer {
        var round = Round()
        do {
            if moment > .zero { try await clock.sleep(for: moment) }
            round = takeRound()
            let answer = try await ask(round.topics)
            handOver()
            for waiter in round.waiting { waiter.end(.answered(answer)) }
            return answer
        } catch {
            handOver()
            let turn: Turn = error is CancellationError ? .again : .failed(error)
            for waiter in round.waiting { waiter.end(turn) }
            throw error
        }
    }

    private func takeRound() -> Round {
        state.withLock { state in
            defer { state.next = Round() }
            return state.next
        }
    }

    /// Makes one of those who wait ask for all of them. Those whose requests were cancelled meanwhile are passed over.
    private func handOver() {
        while true {
            let leader = state.withLock { state -> Waiter<Turn>? in
                if state.next.waiting.isEmpty {
                    state.isLed = false
                    state.next = Round()
                }
                return state.next.waiting.popLast()
            }
            guard let leader else { return }
            if leader.end(.lead) { return }
        }
    }
}
