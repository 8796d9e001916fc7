import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Synchronization
import Telemetry
import Testing

/// The rest of the federation, answered from a table.
final class FakeNetwork: OutboundRequests, NameResolver {
    typealias Handler = @Sendable (OutboundRequest) throws -> (status: Int, headers: HTTPFields, body: String)

    private struct State {
        var handler: Handler
        var services: [String: [ServiceRecord]] = [:]
        var failsLookups = false
        var requests: [OutboundRequest] = []
        var lookups: [String] = []
    }
    private let state: Mutex<State>

    init(_ handler: @escaping Handler) { state = Mutex(State(handler: handler)) }

    var requests: [OutboundRequest] { state.withLock { $0.requests } }
    var lookups: [String] { state.withLock { $0.lookups } }
    func answer(_ handler: @escaping Handler) { state.withLock { $0.handler = handler } }
    func setServices(_ name: String, _ records: [ServiceRecord]) { state.withLock { $0.services[name] = records } }
    func failLookups() { state.withLock { $0.failsLookups = true } }

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
        let handler = state.withLock { state in
            state.requests.append(request)
            return state.handler
        }
        let answer = try handler(request)
        let head = OutboundResponseHead(status: answer.status, headers: answer.headers, url: request.url)
        return try await body(head, RequestBody.buffer(ByteBuffer(string: answer.body)).stream)
    }

    func addresses(of host: String) async throws(ResolverError) -> [IPAddress] { [] }

    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] {
        let (records, fails) = state.withLock { state in
            state.lookups.append(name)
            return (state.services[name] ?? [], state.failsLookups)
        }
        if fails { throw .serverFailure }
        return records
    }
}

/// A server with a key, and a client of it in a fake network.
struct FederationFixture {
    let network: FakeNetwork
    let clock = ManualClock()
    let finder: ServerFinder
    let client: FederationClient
    let ours = ServerName("a.example")!
    let theirs = ServerName("b.example:8448")!
    let key = SigningKey(version: "1", seed: Array(repeating: 7, count: 32))!

    init(isAllowed: @escaping @Sendable (ServerName) -> Bool = { _ in true }, _ handler: @escaping FakeNetwork.Handler)
    {
        network = FakeNetwork(handler)
        finder = ServerFinder(
            outbound: network, resolver: network, clock: clock, random: SeededRandomSource(seed: 1))
        client = FederationClient(
            serverName: ours, signingKey: key, finder: finder, outbound: network, isAllowed: isAllowed)
    }
}

/// Keys from a table.
struct TableKeys: RemoteKeys {
    let keys: [String: Ed25519PublicKey]
    func key(_ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64) async throws -> Ed25519PublicKey? {
        keys["\(server) \(id)"]
    }
}
