import Cluster
import Synchronization

/// Lets so many at a time through for each key; the others wait in line.
final class KeyedPlaces<Key: Hashable & Sendable>: Sendable {
    private struct Line {
        var held = 0
        var waiting: [Waiter<Bool>] = []
    }

    private let perKey: Int
    private let lines = Mutex<[Key: Line]>([:])

    init(perKey: Int) { self.perKey = perKey }

    /// Runs `body` when there is a place.
    ///
    /// - Throws: `CancellationError` when the task was cancelled before, else what `body` throws.
    func hold<Result: Sendable>(
        _ key: Key, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        if let waiter = take(key), await !waiter.wait(cancelled: false) {
            // Not in the line any more: a place was given at the same moment, and goes on to the next.
            if !leaveLine(key, waiter) { give(key) }
            throw CancellationError()
        }
        defer { give(key) }
        return try await body()
    }

    /// Takes a place; or the wait for one.
    private func take(_ key: Key) -> Waiter<Bool>? {
        lines.withLock { lines in
            guard lines[key, default: Line()].held >= perKey else {
                lines[key, default: Line()].held += 1
                return nil
            }
            let waiter = Waiter<Bool>()
            lines[key]?.waiting.append(waiter)
            return waiter
        }
    }

    /// Returns whether it still was in the line.
    private func leaveLine(_ key: Key, _ waiter: Waiter<Bool>) -> Bool {
        lines.withLock { lines in
            guard let index = lines[key]?.waiting.firstIndex(where: { $0 === waiter }) else { return false }
            lines[key]?.waiting.remove(at: index)
            return true
        }
    }

    /// Gives the place to the first in the line, or back.
    private func give(_ key: Key) {
        let next = lines.withLock { lines -> Waiter<Bool>? in
            guard var line = lines[key] else { return nil }
            let next = line.waiting.isEmpty ? nil : line.waiting.removeFirst()
            if next == nil { line.held -= 1 }
            lines[key] = line.held == 0 ? nil : line
            return next
        }
        next?.end(true)
    }
}
