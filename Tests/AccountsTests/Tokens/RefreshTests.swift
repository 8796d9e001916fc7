import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct RefreshTests {
    @Test func theOldPairIsValidUntilTheNewOneIsUsed() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", refresh: true)
                let old = try #require(session.tokens.refreshToken)
                let new = try await worker.services.devices.refresh(old)
                #expect(new.refreshToken != old && new.accessToken != session.tokens.accessToken)
                #expect(try await worker.user(session).deviceID == session.deviceID)
                #expect(try await worker.whoami(new.accessToken).deviceID == session.deviceID)
                // Now the new one was used.
                #expect(try await refusal { _ = try await worker.user(session) }?.errcode == .unknownToken)
                #expect(
                    try await refusal { _ = try await worker.services.devices.refresh(old) }?.errcode == .unknownToken)
                #expect(try await worker.whoami(new.accessToken).deviceID == session.deviceID)
            }
        }
    }

    @Test func aLostAnswerCostsNoSession() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", refresh: true)
                let old = try #require(session.tokens.refreshToken)
                let lost = try await worker.services.devices.refresh(old)
                let again = try await worker.services.devices.refresh(old)
                #expect(try await refusal { _ = try await worker.whoami(lost.accessToken) }?.errcode == .unknownToken)
                #expect(try await worker.whoami(again.accessToken).deviceID == session.deviceID)
                // Using the new refresh token counts as use, too.
                let next = try await worker.services.devices.refresh(try #require(again.refreshToken))
                #expect(try await worker.whoami(next.accessToken).deviceID == session.deviceID)
                #expect(try await refusal { _ = try await worker.whoami(again.accessToken) }?.errcode == .unknownToken)
            }
        }
    }

    @Test func manyRefreshesAtOnceLeaveOneValidPair() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", refresh: true)
                let old = try #require(session.tokens.refreshToken)
                let pairs = try await withThrowingTaskGroup { group in
                    for _ in 0..<16 { group.addTask { try await worker.services.devices.refresh(old) } }
                    return try await group.reduce(into: [IssuedTokens]()) { $0.append($1) }
                }
                var valid = 0
                for pair in pairs where try await refusal({ _ = try await worker.whoami(pair.accessToken) }) == nil {
                    valid += 1
                }
                #expect(valid == 1)
            }
        }
    }

    @Test(arguments: ["", "x", "apusr__", "apusr_YWxpY2U_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "apus_YWxpY2U_x"])
    func refusesWhatIsNoRefreshToken(_ token: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                _ = try await worker.register("alice", refresh: true)
                #expect(
                    try await refusal { _ = try await worker.services.devices.refresh(token) }?.errcode == .unknownToken
                )
            }
        }
    }

    @Test func aLockedAccountIsNotRefreshed() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", refresh: true)
                try await worker.services.lifecycle.setLocked(true, session.userID)
                let token = try #require(session.tokens.refreshToken)
                #expect(
                    try await refusal { _ = try await worker.services.devices.refresh(token) }?.errcode == .userLocked)
                try await worker.services.lifecycle.setLocked(false, session.userID)
                _ = try await worker.services.devices.refresh(token)
            }
        }
    }

    @Test func aLogoutEndsBothTokens() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", refresh: true)
                try await worker.services.devices.logOut(try await worker.user(session))
                let token = try #require(session.tokens.refreshToken)
                #expect(
                    try await refusal { _ = try await worker.services.devices.refresh(token) }?.errcode == .unknownToken
                )
            }
        }
    }
}
