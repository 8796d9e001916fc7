import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct AccessTokensTests {
    @Test func aTokenTellsItsUserToALoadBalancer() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice")
                let parts = session.tokens.accessToken.split(separator: "_")
                #expect(parts.count == 3 && parts[0] == "apus")
                #expect(Base64.decode(String(parts[1])) == Array("alice".utf8))
                #expect(parts[2].utf8.count >= 32)
                let user = try await worker.user(session)
                #expect(user.userID.description == "@alice:example.org")
                #expect(user.deviceID == session.deviceID)
            }
        }
    }

    @Test(arguments: ["", "x", "apus_YWxpY2U_00000000000000000000000000000000", "a\u{0}b"])
    func refusesATokenThatNobodyHas(_ token: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                _ = try await worker.register("alice")
                let error = try await refusal { _ = try await worker.whoami(token) }
                #expect(error?.status == 401)
            }
        }
    }

    /// Nothing tells the second worker: it follows no log here, and there are no hints.
    @Test func aLogoutElsewhereEndsACachedToken() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { first in
                try await fixture.withWorker { second in
                    let session = try await first.register("alice")
                    let other = try await first.logIn("alice")
                    // Both workers know it from memory now.
                    _ = try await second.user(session)
                    _ = try await second.user(other)
                    let user = try await first.user(session)
                    try await first.services.devices.logOut(user)
                    #expect(try await refusal { _ = try await first.user(session) }?.errcode == .unknownToken)
                    let error = try await refusal { _ = try await second.user(session) }
                    #expect(error?.errcode == .unknownToken)
                    #expect(error?.fields["soft_logout"] == nil)
                    #expect(try await second.user(other).deviceID == other.deviceID)
                }
            }
        }
    }

    @Test func anExpiredTokenIsASoftLogout() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", refresh: true)
                #expect(session.tokens.expiresIn == DeviceSessions.refreshableLifetime)
                _ = try await worker.user(session)
                fixture.clock.advance(by: DeviceSessions.refreshableLifetime)
                let error = try await refusal { _ = try await worker.user(session) }
                #expect(error?.errcode == .unknownToken)
                #expect(error?.fields["soft_logout"] == true)
            }
        }
    }

    @Test func aLockedAccountMayOnlyLogOut() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice")
                let user = try await worker.user(session)
                try await worker.services.lifecycle.setLocked(true, user.userID)
                let error = try await refusal { _ = try await worker.user(session) }
                #expect(error?.errcode == .userLocked)
                #expect(error?.status == 401)
                #expect(error?.fields["soft_logout"] == true)
                #expect(try await refusal { _ = try await worker.logIn("alice") }?.errcode == .userLocked)
                for operation in ["logout", "logout_all"] {
                    let locked = try await worker.whoami(session.tokens.accessToken, operation: operation)
                    #expect(locked.userID == user.userID)
                }
                try await worker.services.lifecycle.setLocked(false, user.userID)
                #expect(try await worker.user(session).userID == user.userID)
            }
        }
    }

    @Test func sightingsAreWrittenWithoutAWriteForEachRequest() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice")
                fixture.clock.advance(by: .seconds(3600))
                let user = try await worker.user(session)
                let before = try await worker.stores.devices.device(session.deviceID, of: user.userNID)
                #expect(before?.lastSeenAddress == "192.0.2.1")
                await worker.sightings.flush()
                let after = try await worker.stores.devices.device(session.deviceID, of: user.userNID)
                #expect(after?.lastSeenAddress == "192.0.2.7")
                #expect(after?.lastSeenMilliseconds == fixture.clock.nowMilliseconds)
                fixture.clock.advance(by: .seconds(30))
                _ = try await worker.user(session)
                await worker.sightings.flush()
                let soon = try await worker.stores.devices.device(session.deviceID, of: user.userNID)
                #expect(soon?.lastSeenMilliseconds == after?.lastSeenMilliseconds)
            }
        }
    }
}
