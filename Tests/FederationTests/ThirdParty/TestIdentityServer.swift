import ApusTesting
import Federation
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import NIOPosix
import Synchronization
import Telemetry
import Transport

/// An identity server on loopback: it knows some addresses, keeps invites to others, and signs for whoever proves to have one.
final class TestIdentityServer: Sendable {
    static let token = "of-the-identity-server"
    static let pepper = "matrixrocks"

    private struct State {
        var port = 0
        /// Hashes of bound addresses.
        var bindings: [String: UserID] = [:]
        var stored: [JSONValue] = []
        var areKeysValid = true
        var answersNonsense = false
    }

    private let state = Mutex(State())
    private let key: SigningKey

    private init() throws {
        guard let key = SigningKey(version: "0", seed: Array(repeating: 3, count: 32)) else {
            throw TestingError("no key")
        }
        self.key = key
    }

    var name: ServerName { ServerName("127.0.0.1:\(state.withLock { $0.port })")! }
    /// Invites that it was given to keep.
    var stored: [JSONValue] { state.withLock { $0.stored } }
    var publicKey: String { key.publicKey.base64 }

    func bind(_ hash: String, to user: UserID) { state.withLock { $0.bindings[hash] = user } }
    func revokeKeys() { state.withLock { $0.areKeysValid = false } }
    func answerNonsense() { state.withLock { $0.answersNonsense = true } }

    /// What it hands out once a user has proven to have the address of a stored invite.
    func proof(of user: UserID, token: String) throws -> JSONValue {
        let signed: JSONValue = ["mxid": .string(user.description), "token": .string(token)]
        let signature = Base64.encode(key.privateKey.sign(signed.canonicalBytes))
        return [
            "mxid": .string(user.description), "token": .string(token),
            "signatures": ["is.test": [key.id.description: .string(signature)]],
        ]
    }

    static func with(_ body: @escaping @Sendable (TestIdentityServer, any OutboundRequests) async throws -> Void)
        async throws
    {
        let server = try TestIdentityServer()
        let telemetry = Telemetry.silent()
        let prefix = "/_matrix/identity/v2"
        let routes = [
            Route("details", .get, "\(prefix)/hash_details"), Route("lookup", .post, "\(prefix)/lookup"),
            Route("store", .post, "\(prefix)/store-invite"), Route("valid", .get, "\(prefix)/pubkey/isvalid"),
        ]
        let router = try Router(
            routes.map { route in
                ServedEndpoint(route) { try await server.answer(route.operation, $0) }
            }, telemetry: telemetry)
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let http = HTTPServer(
            HTTPServerConfiguration(host: "127.0.0.1", port: 0), router: router, telemetry: telemetry,
            eventLoopGroup: .singleton, whenListening: { listening.yield($0) })
        var outbound = OutboundConfiguration()
        outbound.addressPolicy = AddressPolicy(allowsPrivateAddresses: true)
        let client = try OutboundClient(
            outbound, resolver: SystemResolver(), eventLoopGroup: .singleton, telemetry: telemetry)
        defer { client.shutDown() }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await http.run()
            }
            var iterator = ports.makeAsyncIterator()
            if let port = await iterator.next() {
                server.state.withLock { $0.port = port }
                defer { http.shutDown() }
                try await body(server, client)
            }
            try await tasks.waitForAll()
        }
    }

    private func answer(_ operation: String, _ request: ServerRequest) async throws -> ServerResponse {
        let bytes = try await request.body.collect(maximumBytes: 1 << 16)
        let body = (try? JSONValue(parsing: Array(bytes.readableBytesView))) ?? nil
        if operation == "valid" { return json(["valid": .bool(state.withLock { $0.areKeysValid })]) }
        guard request.headers[.authorization] == "Bearer \(Self.token)" else {
            return ServerResponse(
                status: .unauthorized, json: ByteBuffer(string: #"{"errcode":"M_UNKNOWN_TOKEN","error":"no"}"#))
        }
        if state.withLock({ $0.answersNonsense }) { return json(["algorithms": 1, "token": 2]) }
        switch operation {
        case "details": return json(["algorithms": ["none", "sha256"], "lookup_pepper": .string(Self.pepper)])
        case "lookup":
            var mappings: [String: JSONValue] = [:]
            let bindings = state.withLock { $0.bindings }
            for hash in body["addresses"]?.array ?? [] {
                if let hash = hash.string, let user = bindings[hash] { mappings[hash] = .string(user.description) }
            }
            return json(["mappings": .object(mappings)])
        default:
            let number = state.withLock { state in
                state.stored.append(body)
                return state.stored.count
            }
            let url = "http://\(name)/_matrix/identity/v2/pubkey/isvalid"
            return json([
                "token": .string("token\(number)"), "display_name": "a...@e...",
                "public_keys": [["public_key": .string(publicKey), "key_validity_url": .string(url)]],
            ])
        }
    }

    private func json(_ value: JSONValue) -> ServerResponse {
        ServerResponse(json: ByteBuffer(bytes: value.canonicalBytes))
    }
}
