internal import CHiredis
internal import DequeModule
internal import Reactor

/// The commands on their way: those that wait for a connection, and those that wait for an answer.
///
/// Redis answers in order, so the first answer belongs to the first command.
struct RedisCommands {
    private enum Expected {
        /// This many answers that nobody wants.
        case ignored(Int)
        case command(PendingCommand)
    }

    private struct Waiting {
        let command: PendingCommand
        let since: MonotonicTime
    }

    private var expected: Deque<Expected> = []
    private var waiting: Deque<Waiting> = []
    /// When the oldest unanswered command was sent, or the last answer came.
    private(set) var lastProgress = MonotonicTime.now()

    var count: Int { expected.count + waiting.count }
    var awaitsAnswer: Bool { !expected.isEmpty }

    mutating func enqueue(_ command: PendingCommand, now: MonotonicTime) {
        waiting.append(Waiting(command: command, since: now))
    }

    /// The next command to be written; it is expected to be answered from now on.
    mutating func takeWaiting(now: MonotonicTime) -> PendingCommand? {
        while let first = waiting.popFirst() {
            if first.command.isAnswered { continue }
            expect(.command(first.command), now: now)
            return first.command
        }
        return nil
    }

    mutating func expectIgnored(_ count: Int, now: MonotonicTime) {
        if case .ignored(let before) = expected.last {
            expected[expected.count - 1] = .ignored(before + count)
        } else {
            expect(.ignored(count), now: now)
        }
    }

    /// - Returns: false when no answer was expected.
    mutating func receive(_ reply: UnsafePointer<redisReply>, now: MonotonicTime) -> Bool {
        lastProgress = now
        switch expected.first {
        case nil: return false
        case .ignored(let count):
            if count > 1 { expected[0] = .ignored(count - 1) } else { expected.removeFirst() }
        case .command(let command):
            expected.removeFirst()
            if case .error(let text) = RedisReply(reply) {
                command.answer(.failure(.server(text)))
            } else {
                command.answer(.success(RedisReply(reply)))
            }
        }
        return true
    }

    /// What was sent has an unknown fate; what waits goes on waiting.
    mutating func connectionLost() {
        let lost = expected
        expected = []
        for case .command(let command) in lost { command.answer(.failure(.connectionLost)) }
    }

    mutating func expire(now: MonotonicTime, limit: Duration) {
        while let first = waiting.first, first.command.isAnswered || now.since(first.since) >= limit {
            waiting.removeFirst()
            first.command.answer(.failure(.unavailable))
        }
    }

    mutating func close() {
        connectionLost()
        for entry in waiting { entry.command.answer(.failure(.closed)) }
        waiting = []
    }

    private mutating func expect(_ entry: Expected, now: MonotonicTime) {
        if expected.isEmpty { lastProgress = now }
        expected.append(entry)
    }
}
