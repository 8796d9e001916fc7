import Encryption
import Federation
import FederationAPI
import MatrixCore
import Telemetry
import Testing

@Suite struct FederatedKeysTests {
    private let network = KeyNetwork()
    private let clock = ManualClock()
    private let server = ServerName("theirs.example:2")!
    private let user = UserID("@u:theirs.example:2")!

    private var keys: FederatedKeys { FederatedKeys(client: network.client(clock), clock: clock) }

    @Test func keysAreAskedFor() async throws {
        network.serve(server) { _ in
            (
                200,
                #"""
                {"device_keys": {"@u:theirs.example:2": {"D": {"x": 1, "unsigned": {"device_display_name": "Name"}}},
                                 "rubbish": {"D": {}}, "@v:theirs.example:2": 5},
                 "master_keys": {"@u:theirs.example:2": {"m": 1}}, "self_signing_keys": {"@u:theirs.example:2": {"s": 1}}}
                """#
            )
        }
        let told = try await keys.keys(of: [user: ["D"]], at: server)
        #expect(Array(told.keys) == [user])
        #expect(told[user]?.devices.map(\.deviceID) == ["D"] && told[user]?.devices.first?.displayName == "Name")
        #expect(told[user]?.masterKey?["m"]?.int == 1 && told[user]?.selfSigningKey?["s"]?.int == 1)
        #expect(network.requests.map(\.target) == ["/_matrix/federation/v1/user/keys/query"])
    }

    @Test func keysAreClaimed() async throws {
        network.serve(server) { _ in
            (200, #"{"one_time_keys": {"@u:theirs.example:2": {"D": {"signed_curve25519:A": {"key": "k"}}, "E": 5}}}"#)
        }
        let told = try await keys.claim([user: ["D": "signed_curve25519"]], at: server)
        #expect(told[user]?["D"]?["signed_curve25519:A"]?["key"]?.string == "k" && told[user]?["E"] == nil)
        #expect(network.requests.map(\.target) == ["/_matrix/federation/v1/user/keys/claim"])
    }

    @Test func aSilentServerIsNotAskedByEveryClient() async throws {
        let keys = keys
        for _ in 0..<5 {
            await #expect(throws: FederationError.self) { _ = try await keys.keys(of: [user: []], at: server) }
        }
        #expect(network.requests.count == 1)
        network.serve(server) { _ in (200, #"{"device_keys": {}}"#) }
        clock.advance(by: .seconds(31))
        #expect(try await keys.keys(of: [user: []], at: server).isEmpty)
    }

    @Test func whatIsNoAnswerIsAnError() async throws {
        for answer in ["[]", "{}", #"{"device_keys": 5}"#] {
            network.serve(server) { _ in (200, answer) }
            await #expect(throws: FederationError.self) { _ = try await keys.keys(of: [user: []], at: server) }
        }
    }
}
