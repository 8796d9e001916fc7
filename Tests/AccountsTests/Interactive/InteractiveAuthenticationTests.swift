import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct InteractiveAuthenticationTests {
    private func operation(_ user: LocalUser, _ name: String = "deleteDevice", _ targets: [String] = ["A"])
        -> AuthOperation
    {
        AuthOperation(
            name, targets: targets,
            by: .init(userID: user.userID, userNID: user.userNID, deviceID: user.deviceID))
    }

    private func password(
        _ password: String?, of user: String? = "alice", session: String? = nil, type: String? = "m.login.password"
    ) -> AuthSubmission {
        AuthSubmission(
            type: type, session: session, user: user.map { .user($0) }, password: password, token: nil)
    }

    @Test func aPasswordAllowsOneOperationOnce() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let interactive = worker.services.interactive
                let challenge = try await refusal { try await interactive.authorise(operation(user), with: nil) }
                #expect(challenge?.status == 401 && challenge?.errcode == nil)
                #expect(challenge?.fields["flows"] == [["stages": ["m.login.password"]]])
                #expect(challenge?.fields["completed"] == nil)
                let session = try #require(challenge?.fields["session"]?.string)
                let wrong = try await refusal {
                    try await interactive.authorise(operation(user), with: password("wrong", session: session))
                }
                #expect(wrong?.status == 401 && wrong?.errcode == .forbidden)
                #expect(wrong?.fields["session"]?.string == session)
                try await interactive.authorise(operation(user), with: password("correct horse", session: session))
                // It is spent.
                for submission in [
                    password(nil, session: session, type: nil), password("correct horse", session: session),
                ] {
                    let again = try await refusal { try await interactive.authorise(operation(user), with: submission) }
                    #expect(again?.status == 401 && again?.fields["session"]?.string != session)
                }
            }
        }
    }

    @Test func aSessionIsGoodForItsOperationUserAndDeviceOnly() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice", device: "A"))
                let sameUser = try await worker.user(try await worker.logIn("alice", device: "B"))
                let other = try await worker.user(try await worker.register("bob", device: "A"))
                let interactive = worker.services.interactive
                let challenge = try await refusal { try await interactive.authorise(operation(user), with: nil) }
                let session = try #require(challenge?.fields["session"]?.string)
                let others = [
                    operation(user, "deleteDevice", ["B"]), operation(user, "deleteDevice", ["A", "B"]),
                    operation(user, "deleteDevice", []), operation(user, "changePassword", ["A"]), operation(sameUser),
                    operation(other),
                ]
                for operation in others {
                    let error = try await refusal {
                        try await interactive.authorise(operation, with: password("correct horse", session: session))
                    }
                    #expect(error?.status == 403 && error?.errcode == .forbidden)
                }
                try await interactive.authorise(operation(user), with: password("correct horse", session: session))
            }
        }
    }

    @Test func onlyTheOwnerAuthorises() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                _ = try await worker.register("bob")
                for name in ["bob", "@bob:example.org", "@alice:elsewhere.org", "nobody", ""] {
                    let error = try await refusal {
                        try await worker.services.interactive.authorise(
                            operation(user), with: password("correct horse", of: name))
                    }
                    #expect(error?.status == 403)
                }
                try await worker.services.interactive.authorise(
                    operation(user), with: password("correct horse", of: "@alice:example.org"))
            }
        }
    }

    /// Every stage there is, in every form, against an operation that asks for the password.
    @Test func noOtherStageWillDo() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let interactive = worker.services.interactive
                let challenge = try await refusal { try await interactive.authorise(operation(user), with: nil) }
                let sessions = [nil, challenge?.fields["session"]?.string, "", "unknown"]
                let types = [
                    "m.login.password", "m.login.dummy", "m.login.registration_token", "m.login.terms",
                    "m.login.recaptcha", "m.login.token", "", nil,
                ]
                for session in sessions {
                    for type in types where type != AuthStage.password.rawValue {
                        let submission = AuthSubmission(
                            type: type, session: session, user: .user("alice"), password: "correct horse",
                            token: "token")
                        let error = try await refusal {
                            try await interactive.authorise(operation(user), with: submission)
                        }
                        #expect(error?.status == 401, "\(type ?? "no type") in \(session ?? "no session")")
                    }
                }
                for submission in [password(nil), password("correct horse", of: nil)] {
                    let error = try await refusal { try await interactive.authorise(operation(user), with: submission) }
                    #expect(error?.status == 401 && error?.errcode == .missingParam)
                }
            }
        }
    }

    @Test func twoRequestsWithOneSessionAreOneGrant() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { first in
                try await fixture.withWorker { second in
                    let user = try await first.user(try await first.register("alice"))
                    let challenge = try await refusal {
                        try await first.services.interactive.authorise(operation(user), with: nil)
                    }
                    let session = try #require(challenge?.fields["session"]?.string)
                    let granted = try await withThrowingTaskGroup { group in
                        for number in 0..<8 {
                            let worker = number % 2 == 0 ? first : second
                            group.addTask {
                                try await refusal {
                                    try await worker.services.interactive.authorise(
                                        operation(user), with: password("correct horse", session: session))
                                } == nil
                            }
                        }
                        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                    }
                    #expect(granted == 1)
                }
            }
        }
    }

    /// Whoever begins sessions without end loses the oldest, and nobody else loses any.
    @Test func nobodyFillsTheTable() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let alice = try await worker.user(try await worker.register("alice"))
                let bob = try await worker.user(try await worker.register("bob"))
                let interactive = worker.services.interactive
                func begin(_ user: LocalUser) async throws -> String {
                    fixture.clock.advance(by: .milliseconds(1))
                    let challenge = try await refusal { try await interactive.authorise(operation(user), with: nil) }
                    return try #require(challenge?.fields["session"]?.string)
                }
                let ofBob = try await begin(bob)
                let oldest = try await begin(alice)
                var newest = ""
                for _ in 0..<40 { newest = try await begin(alice) }
                let dump = try await fixture.dump()
                #expect(dump.split(separator: "deleteDevice", omittingEmptySubsequences: false).count == 32 + 1 + 1)
                let late = try await refusal {
                    try await interactive.authorise(operation(alice), with: password("correct horse", session: oldest))
                }
                #expect(late?.errcode == .forbidden)
                try await interactive.authorise(operation(alice), with: password("correct horse", session: newest))
                try await interactive.authorise(
                    operation(bob), with: password("correct horse", of: "bob", session: ofBob))
            }
        }
    }

    /// A session that a password has opened lets nothing pass after the password was changed.
    @Test func aNewPasswordEndsWhatTheOldOneAllowed() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let interactive = worker.services.interactive
                let challenge = try await refusal { try await interactive.authorise(operation(user), with: nil) }
                let session = try #require(challenge?.fields["session"]?.string)
                _ = try await interactive.submit(
                    StageAnswers(password: "correct horse", token: nil, accepted: []), to: .password, session: session)
                try await worker.services.lifecycle.changePassword(
                    of: user, to: "another", closesOtherDevices: false)
                let error = try await refusal {
                    try await interactive.authorise(operation(user), with: password(nil, session: session, type: nil))
                }
                #expect(error?.status == 401 && error?.errcode == .forbidden)
            }
        }
    }

    @Test func sessionsEnd() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let interactive = worker.services.interactive
                let challenge = try await refusal { try await interactive.authorise(operation(user), with: nil) }
                let session = try #require(challenge?.fields["session"]?.string)
                fixture.clock.advance(by: InteractiveAuthentication.sessionLifetime + .seconds(1))
                let late = try await refusal {
                    try await interactive.authorise(operation(user), with: password("correct horse", session: session))
                }
                #expect(late?.status == 401 && late?.errcode == .forbidden)
                // A new session clears the old ones away.
                let dump = try await fixture.dump()
                #expect(dump.split(separator: "deleteDevice", omittingEmptySubsequences: false).count == 2)
            }
        }
    }
}
