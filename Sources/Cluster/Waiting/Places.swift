import DequeModule
import Synchronization

/// Lets so many at a time through, for each key and of all together. The others wait in line, and when the line is long they
/// are sent away.
package final class Places<Key: Hashable & Sendable>: Sendable {
    package struct Limits: Sendable {
        package var ofKey: @Sendable (Key) -> Int
        package var inAll: Int
        package var waitingOfKey: Int
        package var waitingInAll: Int
        /// Those who stepped aside.
        package var aside: Int

        /// - Parameter ofKey: how many of a key may be through: at least one, and for the same key always the same.
        package init(
            ofKey: @escaping @Sendable (Key) -> Int, inAll: Int = .max, waitingOfKey: Int = .max,
            waitingInAll: Int = .max, aside: Int = 0
        ) {
            self.ofKey = ofKey
            self.inAll = inAll
            self.waitingOfKey = waitingOfKey
            self.waitingInAll = waitingInAll
            self.aside = aside
        }
    }

    /// The line is too long. A retry may help.
    package struct Refusal: Error, Hashable {
        package init() {}
    }

    private struct Line {
        var held = 0
        /// In the order in which they came; the numbers tell that among all lines.
        var waiting: Deque<(number: UInt64, waiter: Waiter<Bool>)> = []
    }

    private struct State {
        var lines: [Key: Line] = [:]
        var held = 0
        var waiting = 0
        var aside = 0
        var lastNumber: UInt64 = 0
    }

    private let limits: Limits
    private let state = Mutex(State())

    package init(_ limits: Limits) { self.limits = limits }

    /// So many for each key, and no other limit.
    package convenience init(ofEach limit: Int) { self.init(Limits(ofKey: { _ in limit })) }

    /// How many have a place, wait for one, and stepped aside.
    package var counts: (held: Int, waiting: Int, aside: Int) { state.withLock { ($0.held, $0.waiting, $0.aside) } }

    /// Runs `body` when there is a place.
    ///
    /// - Throws: `Refusal`; `CancellationError` when the task was cancelled before there was a place; what `body` throws.
    package func hold<Result: Sendable>(_ key: Key, _ body: (Place) async throws -> Result) async throws -> Result {
        if let waiter = try enter(key), await !waiter.wait(cancelled: false) {
            // Not in the line any more: a place was given at the same moment, and goes on to the next.
            if !leaveLine(key, waiter) { give(key) }
            throw CancellationError()
        }
        let place = Place(of: self, for: key)
        defer { place.end() }
        return try await body(place)
    }

    package func hold<Result: Sendable>(_ key: Key, _ body: () async throws -> Result) async throws -> Result {
        try await hold(key) { _ in try await body() }
    }

    /// Takes a place, or the wait for one.
    private func enter(_ key: Key) throws(Refusal) -> Waiter<Bool>? {
        try state.withLock { state throws(Refusal) in
            var line = state.lines[key] ?? Line()
            defer { state.lines[key] = line.held == 0 && line.waiting.isEmpty ? nil : line }
            if line.waiting.isEmpty, hasRoom(line, key), state.held < limits.inAll {
                line.held += 1
                state.held += 1
                return nil
            }
            guard line.waiting.count < limits.waitingOfKey, state.waiting < limits.waitingInAll else { throw Refusal() }
            let waiter = Waiter<Bool>()
            state.lastNumber += 1
            state.waiting += 1
            line.waiting.append((state.lastNumber, waiter))
            return waiter
        }
    }

    private func hasRoom(_ line: Line, _ key: Key) -> Bool { line.held < max(limits.ofKey(key), 1) }

    /// Returns whether it still was in the line.
    private func leaveLine(_ key: Key, _ waiter: Waiter<Bool>) -> Bool {
        state.withLock { state in
            guard let index = state.lines[key]?.waiting.firstIndex(where: { $0.waiter === waiter }) else {
                return false
            }
            state.lines[key]?.waiting.remove(at: index)
            state.waiting -= 1
            forgetIfEmpty(key, in: &state)
            return true
        }
    }

    /// Gives the place of a key to whoever is next, or back.
    private func give(_ key: Key) {
        let next = state.withLock { state -> Waiter<Bool>? in
            // With fewer than all through, whoever waits does so for its own key.
            let mayBeOfAny = state.held >= limits.inAll
            state.held -= 1
            state.lines[key]?.held -= 1
            let next = mayBeOfAny ? firstWithRoom(in: state) : key
            defer { forgetIfEmpty(key, in: &state) }
            guard let next, let first = state.lines[next]?.waiting.popFirst() else { return nil }
            state.lines[next]?.held += 1
            state.held += 1
            state.waiting -= 1
            return first.waiter
        }
        next?.end(true)
    }

    private func firstWithRoom(in state: State) -> Key? {
        var first: (key: Key, number: UInt64)?
        for (key, line) in state.lines {
            guard let next = line.waiting.first, hasRoom(line, key), next.number < first?.number ?? .max else {
                continue
            }
            first = (key, next.number)
        }
        return first?.key
    }

    private func forgetIfEmpty(_ key: Key, in state: inout State) {
        if let line = state.lines[key], line.held == 0, line.waiting.isEmpty { state.lines[key] = nil }
    }

    private func takePlaceAside() -> Bool {
        state.withLock { state in
            guard state.aside < limits.aside else { return false }
            state.aside += 1
            return true
        }
    }

    private func leavePlaceAside() { state.withLock { $0.aside -= 1 } }
}

extension Places {
    /// What lets one through.
    package final class Place: Sendable {
        private enum Stage { case held, aside, ended }

        private let places: Places
        private let key: Key
        private let stage = Mutex(Stage.held)

        fileprivate init(of places: Places, for key: Key) {
            self.places = places
            self.key = key
        }

        /// Gives the place to the next and goes on without one, unless there are too many who did so. At any time, and as
        /// often as anybody likes.
        package func stepAside() {
            let moves = stage.withLock { stage in
                guard stage == .held, places.takePlaceAside() else { return false }
                stage = .aside
                return true
            }
            if moves { places.give(key) }
        }

        fileprivate func end() {
            let last = stage.withLock { stage in
                defer { stage = .ended }
                return stage
            }
            switch last {
            case .held: places.give(key)
            case .aside: places.leavePlaceAside()
            case .ended: break
            }
        }
    }
}
