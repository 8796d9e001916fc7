package import MatrixCore
import Storage
import Telemetry

/// What the page of a stage shows.
package struct StagePage: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        /// It asks, and says what was wrong with the last answer.
        case asks(StagePrompt, AuthRefusal?)
        case isComplete
    }

    /// The name of the operation that the stage is for.
    package let operation: String
    /// Whose operation it is; `nil` for a registration.
    package let user: UserID?
    package let state: State
}

/// What a person has entered on a stage's page.
package struct StageAnswers: Sendable {
    package let password: String?
    package let token: String?
    /// The documents that are ticked, as `PolicyDocument.key`.
    package let accepted: [String]

    package init(password: String?, token: String?, accepted: [String]) {
        self.password = password
        self.token = token
        self.accepted = accepted
    }
}

/// Why there is no page.
package enum StagePageFailure: Error, Hashable {
    case stageIsUnknown
    /// Never was, is spent, or its time is over.
    case sessionIsOver
    /// Not in any of the session's flows, or others come first.
    case stageIsNotNext
}

extension InteractiveAuthentication {
    /// The page of a stage, for clients that do not know the stage.
    ///
    /// - Throws: ``StagePageFailure``
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#fallback
    package func page(of stage: AuthStage, session: String) async throws -> StagePage {
        let opened = try await open(stage, session: session)
        guard let prompt = opened.prompt else { return opened.page(.isComplete) }
        try await show(shownPolicies(by: opened.flows), in: opened.hash, opened.record)
        return opened.page(.asks(prompt, nil))
    }

    /// Takes what a person has entered on a stage's page. The operation itself waits until the client asks for it again.
    ///
    /// - Throws: ``StagePageFailure``; `M_LIMIT_EXCEEDED` for too many tries.
    package func submit(
        _ answers: StageAnswers, to stage: AuthStage, session: String
    ) async throws -> StagePage {
        let opened = try await open(stage, session: session)
        guard let prompt = opened.prompt else { return opened.page(.isComplete) }
        let submission = AuthSubmission(
            type: stage.rawValue, session: session, user: opened.context.owner.map { .user($0.description) },
            password: answers.password, token: answers.token, accepted: answers.accepted)
        var token: String?
        switch try await opened.check.verdict(on: submission, in: opened.context) {
        case .refused(let refusal):
            try await show(shownPolicies(by: opened.flows), in: opened.hash, opened.record)
            return opened.page(.asks(prompt, refusal))
        case .passedWith(let given): token = given
        case .passed: break
        }
        let outcome = try await sessions.complete(
            stage.rawValue, of: opened.hash, registrationToken: token, oldest: oldest, now: clock.nowMilliseconds)
        switch outcome {
        case .accepted: return opened.page(.isComplete)
        case .tokenRefused: return opened.page(.asks(prompt, .registrationTokenIsWrong))
        case .gone: throw StagePageFailure.sessionIsOver
        }
    }

    private func open(_ stage: AuthStage, session: String) async throws -> OpenedStage {
        guard let check = checks[stage] else { throw StagePageFailure.stageIsUnknown }
        let hash = TokenHash(of: session)
        guard let record = try await sessions.session(hash, oldest: oldest), record.spentMilliseconds == nil else {
            throw StagePageFailure.sessionIsOver
        }
        let flows = record.flows.map { AuthFlow(stored: $0) }
        guard flows.contains(where: { $0.stages.contains(stage) }) else { throw StagePageFailure.stageIsNotNext }
        var owner: UserID?
        if let nid = record.userNID { owner = try await interning.user(nid).userID }
        let context = StageContext(owner: owner, shownPolicies: record.policies)
        var prompt: StagePrompt?
        if !record.completed.contains(stage.rawValue) {
            guard flows.contains(where: { $0.next(after: record.completed) == stage }) else {
                throw StagePageFailure.stageIsNotNext
            }
            prompt = check.prompt(in: context)
            if prompt == nil { throw StagePageFailure.stageIsNotNext }
        }
        return OpenedStage(check: check, hash: hash, record: record, flows: flows, context: context, prompt: prompt)
    }
}

/// A stage in a session that is under way.
private struct OpenedStage {
    let check: any StageCheck
    let hash: TokenHash
    let record: AuthSessionRecord
    let flows: [AuthFlow]
    let context: StageContext
    /// `nil` when the stage is complete.
    let prompt: StagePrompt?

    func page(_ state: StagePage.State) -> StagePage {
        StagePage(operation: AuthOperation.operation(ofName: record.operation), user: context.owner, state: state)
    }
}
