import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Synchronization
import Telemetry
import Testing

/// Other servers: they keep the transactions that they take, and can be made to fail and to be slow.
final class FakeFederation: OutboundRequests, NameResolver {
    struct Received: Sendable {
        let host: String
        let id: String
        let pdus: [JSONValue]
        let edus: [JSONValue]
    }

    private struct State {
        var attempts: [String: Int] = [:]
        var received: [Received] = []
        var statuses: [String: Int] = [:]
        var stuck: Set<String> = []
        var losesAnswers: Set<String> = []
    }

    private let state = Mutex(State())

    /// With which status a server refuses; `nil` when it takes transactions.
    func refuse(_ host: String, with status: Int?) { state.withLock { $0.statuses[host] = status } }
    /// Whether a server lets requests hang.
    func hold(_ host: String, _ isStuck: Bool) {
        state.withLock { state in
            if isStuck { state.stuck.insert(host) } else { state.stuck.remove(host) }
        }
    }
    /// Whether a server takes transactions and its answers do not arrive.
    func loseAnswers(of host: String, _ loses: Bool) {
        state.withLock { state in
            if loses { state.losesAnswers.insert(host) } else { state.losesAnswers.remove(host) }
        }
    }

    func attempts(at host: String) -> Int { state.withLock { $0.attempts[host] ?? 0 } }
    func transactions(to host: String) -> [Received] { state.withLock { $0.received.filter { $0.host == host } } }
    /// The texts of the messages that a server got, in order.
    func texts(at host: String) -> [String] {
        transactions(to: host).flatMap(\.pdus).compactMap { $0["content"]?["body"]?.string }
    }
    func pdus(at host: String, ofType type: String) -> [JSONValue] {
        transactions(to: host).flatMap(\.pdus).filter { $0["type"]?.string == type }
    }
    func edus(at host: String, ofType type: String) -> [JSONValue] {
        transactions(to: host).flatMap(\.edus).filter { $0["edu_type"]?.string == type }.compactMap { $0["content"] }
    }

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
        let host = request.url.host
        state.withLock { $0.attempts[host, default: 0] += 1 }
        while state.withLock({ $0.stuck.contains(host) }) { try await Task.sleep(for: .milliseconds(5)) }
        let bytes = request.body.map { Array($0.readableBytesView) } ?? []
        let transaction = try JSONValue(parsing: bytes)
        let status = state.withLock { state -> Int in
            if let status = state.statuses[host] { return status }
            state.received.append(
                Received(
                    host: host, id: String(request.url.target.split(separator: "/").last ?? ""),
                    pdus: transaction["pdus"]?.array ?? [], edus: transaction["edus"]?.array ?? []))
            return state.losesAnswers.contains(host) ? 504 : 200
        }
        let head = OutboundResponseHead(status: status, headers: [:], url: request.url)
        return try await body(head, RequestBody.buffer(ByteBuffer(string: #"{"pdus":{}}"#)).stream)
    }

    func addresses(of host: String) async throws(ResolverError) -> [IPAddress] { [] }
    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] { [] }

    /// Waits until something holds; fails the test after a while.
    func wait(
        _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
        until holds: (FakeFederation) async throws -> Bool
    ) async throws {
        for _ in 0..<3000 {
            if try await holds(self) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        let seen = state.withLock { state in state.received.map { "\($0.host): \($0.pdus.count) \($0.edus.count)" } }
        Issue.record("waited in vain \(what); seen \(seen.suffix(20))", sourceLocation: sourceLocation)
    }
}
