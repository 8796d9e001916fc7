import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct AccountLifecycleTests {
    @Test func aNewPasswordEndsOtherDevices() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let mine = try await worker.register("alice")
                let other = try await worker.logIn("alice", refresh: true)
                try await worker.services.lifecycle.changePassword(
                    of: try await worker.user(mine), to: "another", closesOtherDevices: true)
                #expect(try await worker.user(mine).deviceID == mine.deviceID)
                #expect(try await refusal { _ = try await worker.user(other) }?.errcode == .unknownToken)
                let refresh = try #require(other.tokens.refreshToken)
                #expect(try await refusal { _ = try await worker.services.devices.refresh(refresh) } != nil)
                #expect(try await refusal { _ = try await worker.logIn("alice") }?.errcode == .forbidden)
                _ = try await worker.logIn("alice", password: "another")
            }
        }
    }

    @Test func otherDevicesCanBeKept() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let mine = try await worker.register("alice")
                let other = try await worker.logIn("alice")
                try await worker.services.lifecycle.changePassword(
                    of: try await worker.user(mine), to: "another", closesOtherDevices: false)
                #expect(try await worker.user(other).deviceID == other.deviceID)
                let error = try await refusal {
                    try await worker.services.lifecycle.changePassword(
                        of: try await worker.user(mine), to: "", closesOtherDevices: true)
                }
                #expect(error?.errcode == .weakPassword)
            }
        }
    }

    @Test func aDeactivatedAccountIsOverAndItsNameStaysTaken() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice")
                let user = try await worker.user(session)
                let record = try await worker.interning.user(user.userNID)
                _ = try await worker.services.accountData.setManaged(
                    "m.direct", in: nil, of: user.userNID, to: Array("{}".utf8))
                try await worker.services.lifecycle.deactivate(user.userNID, erase: true)
                #expect(try await refusal { _ = try await worker.user(session) }?.errcode == .unknownToken)
                #expect(try await refusal { _ = try await worker.logIn("alice") }?.errcode == .forbidden)
                #expect(try await refusal { _ = try await worker.register("alice") }?.errcode == .userInUse)
                #expect(
                    try await refusal { _ = try await worker.services.profiles.profile(of: user.userID) }?.status == 404
                )
                #expect(try await worker.stores.accountData.all(of: user.userNID).isEmpty)
                #expect(try await worker.stores.accounts.account(of: user.userNID)?.isErased == true)
                // Not even who proved to be the user a moment before gets in.
                let error = try await refusal {
                    _ = try await worker.services.devices.open(try worker.request(), for: record, verifiedHash: nil)
                }
                #expect(error?.errcode == .forbidden)
                #expect(
                    try await refusal { try await worker.services.lifecycle.setLocked(true, user.userID) }?.status
                        == 404)
            }
        }
    }

    @Test func administratorsDoNotLockEachOtherOut() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let admin = try await worker.services.registration.makeAccount(
                    "root", password: "x", isAdministrator: true)
                let lifecycle = worker.services.lifecycle
                #expect(try await refusal { try await lifecycle.setLocked(true, admin.userID) }?.errcode == .forbidden)
                #expect(
                    try await refusal { try await lifecycle.setLocked(true, UserID("@a:elsewhere.org")!) }?.errcode
                        == .invalidParam)
                #expect(
                    try await refusal { _ = try await lifecycle.isLocked(UserID("@nobody:example.org")!) }?.errcode
                        == .notFound)
                let session = try await worker.register("alice")
                try await lifecycle.setSuspended(true, session.userID)
                #expect(try await lifecycle.isSuspended(session.userID))
                #expect(try await worker.user(session).isSuspended)
                #expect(try await !lifecycle.isLocked(session.userID))
            }
        }
    }
}
