import Accounts
import ApusTesting
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct StagePageTests {
    private static let terms = [
        PolicyDocument(
            id: "privacy", version: "1.0",
            translations: [.init(language: "en", name: "Privacy", url: "https://example.org/privacy")])
    ]

    private func deletion(_ user: LocalUser) -> AuthOperation {
        AuthOperation(
            "deleteDevice", targets: ["A"],
            by: .init(userID: user.userID, userNID: user.userNID, deviceID: user.deviceID))
    }

    private func answers(password: String? = nil, token: String? = nil, accepted: [String] = []) -> StageAnswers {
        StageAnswers(password: password, token: token, accepted: accepted)
    }

    private func only(_ session: String) -> AuthSubmission {
        AuthSubmission(type: nil, session: session, user: nil, password: nil, token: nil)
    }

    private func failure(_ body: () async throws -> Void) async throws -> StagePageFailure? {
        do {
            try await body()
            return nil
        } catch let failure as StagePageFailure {
            return failure
        }
    }

    /// The client asks one worker, the person another.
    @Test func aPasswordOnThePageAllowsTheOperationOnAnyWorker() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { first in
                try await fixture.withWorker { second in
                    let user = try await first.user(try await first.register("alice"))
                    let challenge = try await refusal {
                        try await first.services.interactive.authorise(deletion(user), with: nil)
                    }
                    let session = try #require(challenge?.fields["session"]?.string)
                    let pages = second.services.interactive
                    let page = try await pages.page(of: .password, session: session)
                    #expect(page.operation == "deleteDevice" && page.user == user.userID)
                    #expect(page.state == .asks(.password(of: user.userID), nil))
                    let wrong = try await pages.submit(answers(password: "wrong"), to: .password, session: session)
                    #expect(wrong.state == .asks(.password(of: user.userID), .passwordIsWrong))
                    let none = try await pages.submit(answers(), to: .password, session: session)
                    #expect(none.state == .asks(.password(of: user.userID), .missing("password")))
                    let waiting = try await refusal {
                        try await first.services.interactive.authorise(deletion(user), with: only(session))
                    }
                    #expect(waiting?.status == 401 && waiting?.fields["completed"] == nil)
                    let right = try await pages.submit(
                        answers(password: "correct horse"), to: .password, session: session)
                    #expect(right.state == .isComplete)
                    // Loaded again, or sent again, it says the same.
                    #expect(try await pages.page(of: .password, session: session).state == .isComplete)
                    #expect(
                        try await pages.submit(answers(password: "wrong"), to: .password, session: session).state
                            == .isComplete)
                    try await first.services.interactive.authorise(deletion(user), with: only(session))
                    #expect(
                        try await failure { _ = try await pages.page(of: .password, session: session) }
                            == .sessionIsOver)
                }
            }
        }
    }

    @Test func thereIsNoPageForOtherStagesOrSessions() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let interactive = worker.services.interactive
                let challenge = try await refusal { try await interactive.authorise(deletion(user), with: nil) }
                let session = try #require(challenge?.fields["session"]?.string)
                for stage in [AuthStage.dummy, .terms, .registrationToken] {
                    #expect(
                        try await failure { _ = try await interactive.page(of: stage, session: session) }
                            == .stageIsNotNext)
                    #expect(
                        try await failure {
                            _ = try await interactive.submit(answers(token: "x"), to: stage, session: session)
                        } == .stageIsNotNext)
                }
                for name in ["", "m.login.recaptcha", "<script>"] {
                    #expect(
                        try await failure {
                            _ = try await interactive.page(of: AuthStage(rawValue: name), session: session)
                        } == .stageIsUnknown)
                }
                for other in ["", "x", session + "x", String(repeating: "x", count: 100_000)] {
                    #expect(
                        try await failure { _ = try await interactive.page(of: .password, session: other) }
                            == .sessionIsOver)
                }
                fixture.clock.advance(by: InteractiveAuthentication.sessionLifetime + .seconds(1))
                #expect(
                    try await failure { _ = try await interactive.page(of: .password, session: session) }
                        == .sessionIsOver)
            }
        }
    }

    @Test func aRegistrationGoesThroughTokenAndTermsInTheirOrder() async throws {
        try await AccountFixture.with { fixture in
            let policy = RegistrationPolicy(isOpen: false, requiresToken: true, terms: Self.terms)
            try await fixture.withWorker(registration: policy) { worker in
                let (interactive, registration) = (worker.services.interactive, worker.services.registration)
                _ = try await worker.stores.sessions.createRegistrationToken(
                    "invite", usesAllowed: 1, expiresMilliseconds: nil)
                let challenge = try await refusal { _ = try await registration.register(.example("alice", nil)) }
                #expect(
                    challenge?.fields["flows"] == [["stages": ["m.login.registration_token", "m.login.terms"]]])
                let session = try #require(challenge?.fields["session"]?.string)
                #expect(
                    try await failure { _ = try await interactive.page(of: .terms, session: session) }
                        == .stageIsNotNext)
                #expect(
                    try await interactive.page(of: .registrationToken, session: session).state
                        == .asks(.registrationToken, nil))
                for token in ["other", "a b", ""] {
                    let wrong = try await interactive.submit(
                        answers(token: token), to: .registrationToken, session: session)
                    #expect(wrong.state == .asks(.registrationToken, .registrationTokenIsWrong))
                }
                #expect(
                    try await interactive.submit(answers(token: "invite"), to: .registrationToken, session: session)
                        .state == .isComplete)
                let prompt = StagePrompt.terms(Self.terms)
                #expect(try await interactive.page(of: .terms, session: session).state == .asks(prompt, nil))
                for accepted in [[], ["privacy"], ["privacy 0.9"]] {
                    let page = try await interactive.submit(
                        answers(accepted: accepted), to: .terms, session: session)
                    #expect(page.state == .asks(prompt, .termsAreNotAccepted))
                }
                #expect(
                    try await interactive.submit(answers(accepted: ["privacy 1.0"]), to: .terms, session: session)
                        .state == .isComplete)
                let account = try await registration.register(.example(nil, only(session)))
                #expect(account.userID.localpart == "alice")
                #expect(try await worker.acceptedPolicies(of: account.userID) == ["privacy 1.0"])
            }
        }
    }
}

extension RegistrationRequest {
    /// Somebody who registers with a password.
    static func example(_ name: String?, _ auth: AuthSubmission?, address: String = "192.0.2.1") -> RegistrationRequest
    {
        RegistrationRequest(
            username: name, password: "s3kr1t", deviceID: nil, displayName: nil, inhibitsLogin: nil,
            wantsRefreshToken: nil, auth: auth, address: address)
    }
}
