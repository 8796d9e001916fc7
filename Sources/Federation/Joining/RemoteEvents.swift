package import FederationAPI
package import MatrixCore

/// Events as other servers send them, of which only those are handed on that are what they say they are.
package struct RemoteEvents: Sendable {
    /// Requests for single events that are under way at the same time.
    private static let maxRequests = 8

    private let client: FederationClient
    private let verifier: EventVerifier

    package init(client: FederationClient, verifier: EventVerifier) {
        self.client = client
        self.verifier = verifier
    }

    /// Those of the events that are in order and belong to the room, in their order.
    package func check(_ pdus: [JSONView], of roomID: RoomID, _ version: RoomVersion) async -> [Event] {
        await verifier.check(pdus, in: version).compactMap { result in
            guard case .success(let event) = result, event.roomID == roomID else { return nil }
            return event
        }
    }

    /// Events of a room that come by the hundred thousand: their forms and hashes are checked while they arrive, so that
    /// nothing is kept of the answer but them, and their signatures when it is known whose keys are needed.
    ///
    /// - Parameters:
    ///   - isWanted: tells which of them to go on with; the others cost no keys.
    ///   - read: makes the call, and hands over what comes.
    /// - Throws: what `read` throws.
    func collect(
        of roomID: RoomID, _ version: RoomVersion, where isWanted: @escaping (Event) -> Bool,
        _ read: (([JSONView]) async throws -> Void) async throws -> Void
    ) async throws -> [Event] {
        var received: [Result<Event, PDUFailure>] = []
        try await read { pdus in
            for result in await verifier.receive(pdus, in: version) {
                if case .success(let event) = result, event.roomID == roomID, isWanted(event) {
                    received.append(result)
                }
            }
        }
        return await verifier.verify(received).compactMap { try? $0.get() }
    }

    /// Events of a room by their ids, from one server, in no order. What it does not have, or has in no good order, is left
    /// out.
    ///
    /// - Throws: `FederationError` when the server is down.
    package func fetch(
        _ ids: [EventID], of roomID: RoomID, _ version: RoomVersion, from server: ServerName
    ) async throws -> [Event] {
        var waiting = ids.makeIterator()
        return try await withThrowingTaskGroup(of: Event?.self) { group in
            func next() {
                guard let id = waiting.next() else { return }
                group.addTask { try await fetch(id, of: roomID, version, from: server) }
            }
            for _ in 0..<Self.maxRequests { next() }
            var found: [Event] = []
            while let event = try await group.next() {
                if let event { found.append(event) }
                next()
            }
            return found
        }
    }

    private func fetch(
        _ id: EventID, of roomID: RoomID, _ version: RoomVersion, from server: ServerName
    ) async throws -> Event? {
        do {
            let answer = try await client.event(id, from: server)
            return await check(Array(answer.pdus.prefix(1)), of: roomID, version).first { $0.eventID == id }
        } catch let error as FederationError where !error.isServerDown {
            return nil
        }
    }
}

extension Event {
    /// Whether a state that lacks the event would let people do what they must not: what decides about everything else.
    static func isControl(_ pdu: JSONView) -> Bool {
        [EventType.create, EventType.powerLevels, EventType.joinRules].contains {
            pdu["type"]?.stringEquals($0) == true
        }
    }
}
