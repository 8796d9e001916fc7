import Synchronization

/// Work that is under way, one piece for each key: whoever wants the same meanwhile waits for the same.
///
/// A flight outlives the request that began it, since others may wait for it too, or because it must not end half done.
/// So it owns its task. There are so many of them at most.
package final class Flights<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Why a flight did not begin: as many as may be are under way, or all were stopped. A retry may help.
    package struct Refusal: Error, Hashable {
        package init() {}
    }

    package typealias Work = @Sendable () async throws -> Value
    private typealias Landing = Result<Value, any Error>

    private struct Flight {
        var waiting: [Waiter<Landing>]
        var task: Task<Void, Never>?
    }

    private struct State {
        var flights: [Key: Flight] = [:]
        var isStopped = false
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: flights under way at the same time.
    package init(atMost limit: Int) { self.limit = limit }

    package var count: Int { state.withLock { $0.flights.count } }

    /// How many wait for the flight that is under way for a key.
    package func waiting(for key: Key) -> Int { state.withLock { $0.flights[key]?.waiting.count ?? 0 } }

    /// Waits for the flight that is under way for a key, or begins one and waits for it.
    ///
    /// - Throws: `Refusal`; `CancellationError` when the wait is cancelled, which the flight is not; what the work throws.
    package func join(_ key: Key, _ work: @escaping Work) async throws -> Value {
        let waiter = Waiter<Landing>()
        guard begin(key, waiter, work) else { throw Refusal() }
        return try await waiter.wait(cancelled: .failure(CancellationError())).get()
    }

    /// Begins a flight unless one is under way or there are too many, and waits for nothing.
    package func start(_ key: Key, _ work: @escaping Work) { _ = begin(key, nil, work) }

    /// Cancels all flights; none begins from now on.
    package func stop() {
        let tasks = state.withLock { state in
            state.isStopped = true
            return state.flights.values.compactMap(\.task)
        }
        for task in tasks { task.cancel() }
    }

    private func begin(_ key: Key, _ waiter: Waiter<Landing>?, _ work: @escaping Work) -> Bool {
        state.withLock { state in
            if state.flights[key] != nil {
                // Those who gave up do not make the list grow.
                state.flights[key]?.waiting.removeAll(where: \.hasEnded)
                if let waiter { state.flights[key]?.waiting.append(waiter) }
                return true
            }
            guard !state.isStopped, state.flights.count < limit else { return false }
            state.flights[key] = Flight(waiting: waiter.map { [$0] } ?? [], task: nil)
            // It lands after this, because landing takes the lock.
            state.flights[key]?.task = Task {
                let landing: Landing
                do { landing = .success(try await work()) } catch { landing = .failure(error) }
                land(key, landing)
            }
            return true
        }
    }

    private func land(_ key: Key, _ landing: Landing) {
        let flight = state.withLock { $0.flights.removeValue(forKey: key) }
        for waiter in flight?.waiting ?? [] { waiter.end(landing) }
    }
}
