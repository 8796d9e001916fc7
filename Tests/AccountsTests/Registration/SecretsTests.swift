import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct SecretsTests {
    /// Whoever reads the database must not be able to act as anybody.
    @Test func theDatabaseHoldsNoPasswordAndNoToken() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let password = "Unmistakable-Passw0rd"
                let open = try await refusal {
                    _ = try await worker.services.registration.register(
                        RegistrationRequest(
                            username: "bob", password: password, deviceID: nil, displayName: nil, inhibitsLogin: nil,
                            wantsRefreshToken: nil, auth: nil, address: ""))
                }
                let session = try await worker.register("alice", password: password, refresh: true)
                let refreshed = try await worker.services.devices.refresh(try #require(session.tokens.refreshToken))
                let dump = try await fixture.dump()
                #expect(dump.contains("@alice:example.org") && dump.contains("argon2id"))
                let secrets = [
                    password, session.tokens.accessToken, session.tokens.refreshToken, refreshed.accessToken,
                    refreshed.refreshToken, open?.fields["session"]?.string,
                ]
                for secret in secrets {
                    let secret = try #require(secret)
                    #expect(!dump.contains(secret))
                    #expect(!dump.contains(secret.suffix(20)))
                    #expect(!dump.contains(hexadecimal(secret)))
                }
                // That text in byte strings would be found.
                #expect(dump.contains(hexadecimal(#""username":"bob""#)))
            }
        }
    }

    private func hexadecimal(_ text: String) -> String {
        text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
