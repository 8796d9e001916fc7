import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Synchronization
import Telemetry

/// Other servers, each answering from a closure, and what they were asked.
final class KeyNetwork: OutboundRequests, NameResolver {
    typealias Server = @Sendable (OutboundRequest) async throws -> (status: Int, body: String)

    private struct State {
        var servers: [String: Server] = [:]
        var requests: [(host: String, target: String)] = []
    }
    private let state = Mutex(State())

    var requests: [(host: String, target: String)] { state.withLock { $0.requests } }
    func count(of host: String) -> Int { requests.filter { $0.host == host }.count }

    /// What the server of that name (which has a port, so that it needs no discovery) answers from now on; nil: nothing.
    func serve(_ name: ServerName, _ server: Server?) { state.withLock { $0.servers[name.description] = server } }

    /// What `ours.example` asks these servers with.
    func client(_ clock: any Clock) -> FederationClient {
        let finder = ServerFinder(outbound: self, resolver: self, clock: clock, random: SeededRandomSource(seed: 1))
        return FederationClient(
            serverName: ServerName("ours.example")!,
            signingKey: SigningKey(version: "own", seed: Array(repeating: 1, count: 32))!, finder: finder,
            outbound: self)
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
        let host = request.url.authority
        let server = state.withLock { state in
            state.requests.append((host, request.url.target))
            return state.servers[host]
        }
        guard let server else { throw OutboundError.connectionFailed("nobody there") }
        let answer = try await server(request)
        let head = OutboundResponseHead(status: answer.status, headers: [:], url: request.url)
        return try await body(head, RequestBody.buffer(ByteBuffer(string: answer.body)).stream)
    }

    func addresses(of host: String) async throws(ResolverError) -> [IPAddress] { [] }
    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] { [] }
}

/// Another server with its keys.
struct KeyOwner: Sendable {
    let name: ServerName
    let key: SigningKey

    init(_ name: String, seed: UInt8, version: String = "1") {
        self.name = ServerName(name)!
        key = SigningKey(version: version, seed: Array(repeating: seed, count: 32))!
    }

    func published(
        validUntil: Int64, old: [SigningKeyID: ServerKeys.OldKey] = [:], as name: ServerName? = nil
    ) throws -> JSONValue {
        try ServerKeys.publish(name ?? self.name, keys: [key], old: old, validUntilMilliseconds: validUntil)
    }
}

/// Something that opens once.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
