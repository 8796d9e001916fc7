import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct SharedSecretRegistrationTests {
    private func register(
        _ name: String, nonce: String, admin: Bool = false, userType: String? = nil, mac: String? = nil
    ) throws -> SharedSecretRegistration.Request {
        var parts = [nonce, name, "s3kr1t", admin ? "admin" : "notadmin"]
        if let userType { parts.append(userType) }
        let digest = try HMAC.sha1(Array(parts.joined(separator: "\0").utf8), key: Array("the secret".utf8))
        let right = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return SharedSecretRegistration.Request(
            nonce: nonce, username: name, displayName: nil, password: "s3kr1t", isAdministrator: admin,
            userType: userType, mac: mac ?? right, inhibitsLogin: false, address: "")
    }

    @Test func makesAccountsForWhoKnowsTheSecret() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: RegistrationPolicy(isOpen: false)) { worker in
                let shared = worker.services.sharedSecretRegistration("the secret", worker.setup)
                let alice = try await shared.register(try register("Alice", nonce: try shared.nonce()))
                #expect(alice.userID.description == "@alice:example.org")
                let admin = try await shared.register(
                    try register("root", nonce: try shared.nonce(), admin: true, userType: "bot"))
                #expect(try await worker.user(try #require(alice.session)).isAdministrator == false)
                #expect(try await worker.user(try #require(admin.session)).isAdministrator)
            }
        }
    }

    @Test func aNonceIsGoodOnceOnWhateverWorker() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { first in
                try await fixture.withWorker { second in
                    let one = first.services.sharedSecretRegistration("the secret", first.setup)
                    let two = second.services.sharedSecretRegistration("the secret", second.setup)
                    let nonce = try one.nonce()
                    let outcomes = try await withThrowingTaskGroup { group in
                        for number in 0..<8 {
                            group.addTask {
                                try await refusal {
                                    _ = try await (number % 2 == 0 ? one : two).register(
                                        try register("user\(number)", nonce: nonce))
                                }
                            }
                        }
                        return try await group.reduce(into: [MatrixError?]()) { $0.append($1) }
                    }
                    #expect(outcomes.count { $0 == nil } == 1)
                    #expect(outcomes.count { $0?.status == 400 } == 7)
                }
            }
        }
    }

    @Test func refusesOldAndForgedNoncesAndWrongMarks() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let shared = worker.services.sharedSecretRegistration("the secret", worker.setup)
                let other = worker.services.sharedSecretRegistration("another", worker.setup)
                let old = try shared.nonce()
                fixture.clock.advance(by: .seconds(61))
                for nonce in [old, try other.nonce(), "", "..", "9.9.9", "99999999999999999999.a.b"] {
                    let error = try await refusal { _ = try await shared.register(try register("alice", nonce: nonce)) }
                    #expect(error?.status == 400)
                }
                let nonce = try shared.nonce()
                for mac in ["", "00", String(repeating: "0", count: 40)] {
                    let error = try await refusal {
                        _ = try await shared.register(try register("alice", nonce: nonce, mac: mac))
                    }
                    #expect(error?.status == 403)
                }
                // A mark for one name is none for another, nor for an administrator.
                let taken = try register("alice", nonce: nonce)
                let error = try await refusal {
                    _ = try await shared.register(
                        try register(
                            "alice", nonce: nonce, admin: true,
                            mac: Mirror(reflecting: taken).children
                                .first { $0.label == "mac" }?.value as? String))
                }
                #expect(error?.status == 403)
                _ = try await shared.register(taken)
            }
        }
    }
}
