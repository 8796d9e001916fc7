import Synchronization

/// Does a piece of work once for all who want it at the same time.
///
/// Who comes first does it; the others wait, and get its error if it failed.
final class SharedWork<Key: Hashable & Sendable>: Sendable {
    private typealias Outcome = Result<Void, any Error>

    private let waiting = Mutex<[Key: [CheckedContinuation<Outcome, Never>]]>([:])

    /// Returns when the work is done, by whomever.
    ///
    /// - Throws: what the work threw. When that was a cancellation, of somebody else's request, it is begun again.
    func run(_ key: Key, _ work: () async throws -> Void) async throws {
        while true {
            if let outcome = await follow(key) {
                if case .failure(let error) = outcome, error is CancellationError {
                    try Task.checkCancellation()
                    continue
                }
                return try outcome.get()
            }
            do {
                try await work()
                end(key, .success(()))
                return
            } catch {
                end(key, .failure(error))
                throw error
            }
        }
    }

    /// The outcome of who is at it already; nil when nobody is, and the caller now has to do it.
    private func follow(_ key: Key) async -> Outcome? {
        let isFirst = waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
        if isFirst { return nil }
        return await withCheckedContinuation { continuation in
            // Done in the meantime: as good as never begun.
            let isOver = waiting.withLock { waiting in
                guard waiting[key] != nil else { return true }
                waiting[key]?.append(continuation)
                return false
            }
            if isOver { continuation.resume(returning: .failure(CancellationError())) }
        }
    }

    private func end(_ key: Key, _ outcome: Outcome) {
        let followers = waiting.withLock { $0.removeValue(forKey: key) ?? [] }
        for follower in followers { follower.resume(returning: outcome) }
    }
}
