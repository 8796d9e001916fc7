import ApusTesting
import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Synchronization
import Testing

/// What another server knows of a room, and what it answers when we ask.
final class PeerArchive: Sendable {
    private struct State {
        var events: [EventID: Event] = [:]
        var stateBefore: [EventID: [Event]] = [:]
        var refused: Set<String> = []
        var calls: [String] = []
    }

    let server: PeerServer
    private let state = Mutex(State())

    init(_ server: PeerServer) { self.server = server }

    /// The operations that were called, such as `get_missing_events`.
    var calls: [String] { state.withLock { $0.calls } }

    /// From now on it answers 404 to an operation, or to everything.
    func refuse(_ operations: String...) { state.withLock { $0.refused.formUnion(operations) } }
    func relent() { state.withLock { $0.refused = [] } }

    var events: [Event] { state.withLock { Array($0.events.values) } }

    /// Keeps events, and the state before one of them.
    func keep(_ events: [Event]) {
        state.withLock { state in for event in events { state.events[event.eventID] = event } }
    }

    func keep(_ event: Event, stateBefore: [Event]) {
        keep([event] + stateBefore)
        state.withLock { $0.stateBefore[event.eventID] = stateBefore }
    }

    func answer(_ call: ResidentCall) -> (status: Int, body: JSONValue) {
        state.withLock { state in
            state.calls.append(call.operation)
            guard state.refused.isDisjoint(with: [call.operation, "*"]),
                let body = Self.body(of: call, state)
            else { return (404, ["errcode": "M_NOT_FOUND", "error": "not here"]) }
            return (200, body)
        }
    }

    private static func body(of call: ResidentCall, _ state: State) -> JSONValue? {
        func id(_ text: String?) -> EventID? { text.flatMap { EventID($0) } }
        switch call.operation {
        case "get_missing_events": return missing(call, state)
        case "event":
            guard let event = id(call.segments.first).flatMap({ state.events[$0] }) else { return nil }
            return ["origin": "x", "origin_server_ts": 1, "pdus": [event.json.value()]]
        case "event_auth":
            guard let event = id(call.segments.last).flatMap({ state.events[$0] }) else { return nil }
            return ["auth_chain": .array(chain([event], state).map { $0.json.value() })]
        case "state_ids":
            guard let before = id(call.query["event_id"]?.first).flatMap({ state.stateBefore[$0] }) else { return nil }
            return [
                "pdu_ids": .array(before.map { .string($0.eventID.description) }),
                "auth_chain_ids": .array(chain(before, state).map { .string($0.eventID.description) }),
            ]
        default: return nil
        }
    }

    private static func missing(_ call: ResidentCall, _ state: State) -> JSONValue? {
        guard let body = call.body else { return nil }
        let latest = body["latest_events"]?.array?.compactMap { $0.string.flatMap { EventID($0) } } ?? []
        let earliest = Set(body["earliest_events"]?.array?.compactMap { $0.string.flatMap { EventID($0) } } ?? [])
        var found: [Event] = []
        var open = latest.flatMap { state.events[$0]?.prevEvents ?? [] }
        while !open.isEmpty, found.count < min(Int(body["limit"]?.int ?? 10), 20) {
            let next = open.removeFirst()
            guard !earliest.contains(next), let event = state.events[next], !found.contains(event) else { continue }
            found.append(event)
            open += event.prevEvents
        }
        return ["events": .array(found.reversed().map { $0.json.value() })]
    }

    private static func chain(_ events: [Event], _ state: State) -> [Event] {
        var open = events.flatMap(\.authEvents)
        var found: [EventID: Event] = [:]
        while let id = open.popLast() {
            guard found[id] == nil, let event = state.events[id] else { continue }
            found[id] = event
            open += event.authEvents
        }
        return Array(found.values)
    }
}

/// A network of such servers; whoever is not among them is not reached.
final class PeerNetwork: OutboundRequests, NameResolver, RemoteKeys {
    private let peers: [PeerArchive]

    init(_ peers: [PeerArchive]) { self.peers = peers }

    func send(_ request: OutboundRequest) async throws -> OutboundResponse {
        try await withResponse(to: request) { head, stream in
            var body = ByteBuffer()
            for try await chunk in stream { body.writeImmutableBuffer(chunk) }
            return OutboundResponse(head: head, body: body)
        }
    }

    func withResponse<Result: Sendable>(
        to request: OutboundRequest, _ body: (OutboundResponseHead, BodyStream) async throws -> Result
    ) async throws -> Result {
        guard let peer = peers.first(where: { $0.server.name.host == request.url.host }) else {
            throw OutboundError.connectionFailed("there is no such server")
        }
        let answer = peer.answer(try ResidentCall(request))
        let head = OutboundResponseHead(status: answer.status, headers: [:], url: request.url)
        return try await body(head, RequestBody.buffer(ByteBuffer(bytes: answer.body.canonicalBytes)).stream)
    }

    func addresses(of host: String) async throws(ResolverError) -> [IPAddress] { [] }
    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] { [] }

    func key(_ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64) async throws -> Ed25519PublicKey? {
        peers.first { $0.server.name == server && $0.server.key.id == id }?.server.key.publicKey
    }
}
