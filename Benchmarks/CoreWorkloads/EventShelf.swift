package import MatrixCore
import Synchronization

/// The events of a room, made when they are first asked for and kept from then on; what is asked for is counted.
package final class EventShelf: ResolutionSource {
    package struct Reads: Equatable, Sendable {
        /// Calls for edges of the auth graph, and the events in them.
        package var edgeBatches = 0
        package var edges = 0
        /// Calls for whole events, and the events in them.
        package var eventBatches = 0
        package var events = 0
    }

    private struct Contents {
        var events: [EventNID: ResolutionEvent] = [:]
        var keys: [StateKey: StateKeyNID] = [:]
        var reads = Reads()
    }

    private let contents = Mutex(Contents())
    private let make: @Sendable (EventNID) throws -> ResolutionEvent?
    private let node: @Sendable (EventNID) -> AuthNode?
    private let key: @Sendable (StateKey) -> StateKeyNID?

    /// - Parameters:
    ///   - make: an event that was not put on the shelf.
    ///   - node: its place in the auth graph, which must not cost making it.
    ///   - key: the number of a state key that no event on the shelf has.
    package init(
        make: @escaping @Sendable (EventNID) throws -> ResolutionEvent?,
        node: @escaping @Sendable (EventNID) -> AuthNode?, key: @escaping @Sendable (StateKey) -> StateKeyNID?
    ) {
        self.make = make
        self.node = node
        self.key = key
    }

    package var reads: Reads { contents.withLock { $0.reads } }
    package func resetReads() { contents.withLock { $0.reads = Reads() } }

    package func put(_ event: ResolutionEvent) {
        contents.withLock {
            $0.events[event.number] = event
            if let key = event.event.fullStateKey { $0.keys[key] = event.stateKey }
        }
    }

    package func event(_ number: EventNID) throws -> ResolutionEvent? {
        try contents.withLock { try find(number, in: &$0) }
    }

    private func find(_ number: EventNID, in contents: inout Contents) throws -> ResolutionEvent? {
        if let known = contents.events[number] { return known }
        let made = try make(number)
        contents.events[number] = made
        return made
    }

    private func node(_ number: EventNID, in contents: Contents) -> AuthNode? {
        contents.events[number].map { AuthNode(stateKey: $0.stateKey, authEvents: $0.authEvents) } ?? node(number)
    }

    package func authEvents(of events: [EventNID]) async throws -> [EventNID: [EventNID]] {
        try await authNodes(from: events, more: 0).mapValues(\.authEvents)
    }

    package func authNodes(from events: [EventNID], more: Int) async throws -> [EventNID: AuthNode] {
        contents.withLock { contents in
            var found: [EventNID: AuthNode] = [:]
            var open = events
            while !open.isEmpty, found.count < events.count + more {
                var next: [EventNID] = []
                for number in open where found[number] == nil && found.count < events.count + more {
                    guard let node = node(number, in: contents) else { continue }
                    found[number] = node
                    next += node.authEvents
                }
                open = more > 0 ? next : []
            }
            contents.reads.edgeBatches += 1
            contents.reads.edges += found.count
            return found
        }
    }

    package func events(_ numbers: [EventNID]) async throws -> [EventNID: ResolutionEvent] {
        try contents.withLock { contents in
            contents.reads.eventBatches += 1
            contents.reads.events += numbers.count
            var found: [EventNID: ResolutionEvent] = [:]
            for number in numbers { found[number] = try find(number, in: &contents) }
            return found
        }
    }

    package func stateKeyNumbers(of keys: [StateKey]) async throws -> [StateKey: StateKeyNID] {
        contents.withLock { contents in
            var found: [StateKey: StateKeyNID] = [:]
            for wanted in keys { found[wanted] = contents.keys[wanted] ?? key(wanted) }
            return found
        }
    }
}
