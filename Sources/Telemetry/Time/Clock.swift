/// Time as an argument: the only place where code may learn what time it is, or wait.
package protocol Clock: Sendable {
    /// Wall-clock milliseconds since 1970, as `origin_server_ts` has them. It may jump, so never measure with it.
    var nowMilliseconds: Int64 { get }

    /// Time since an arbitrary origin; it never goes back. For durations, deadlines and timeouts.
    var monotonic: Duration { get }

    /// Waits until a point of monotonic time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    func sleep(until time: Duration) async throws
}

extension Clock {
    /// Waits for `duration` of monotonic time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled meanwhile.
    package func sleep(for duration: Duration) async throws { try await sleep(until: monotonic + duration) }

    /// Runs `operation`, and cancels it when it has not ended after `limit`.
    ///
    /// - Throws: `DeadlineExceeded` when the time ran out, else what `operation` throws.
    package func withDeadline<Result: Sendable>(
        _ limit: Duration, _ operation: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else { throw DeadlineExceeded(limit: limit) }
            return result
        }
    }
}

/// What ran was cancelled because it took too long.
package struct DeadlineExceeded: Error, CustomStringConvertible {
    package let limit: Duration
    package init(limit: Duration) { self.limit = limit }
    package var description: String { "not finished within \(limit)" }
}
