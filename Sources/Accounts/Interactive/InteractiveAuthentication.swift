import MatrixCore
package import Storage
package import Telemetry

/// User-interactive authentication: stages that a client completes one after the other until a flow is complete.
///
/// Its sessions are in the database, so any worker continues them. No password is kept.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api
package struct InteractiveAuthentication: Sendable {
    /// How long a session can be continued.
    package static let sessionLifetime = Duration.seconds(24 * 3600)

    let sessions: AuthSessionStore
    let interning: Interning
    let checks: [AuthStage: any StageCheck]
    /// What new users have to accept.
    let policies: [PolicyDocument]
    let mint: TokenMint
    let clock: any Clock

    /// - Parameter checks: the stages that this server can check, each once.
    package init(
        sessions: AuthSessionStore, interning: Interning, checks: [any StageCheck], policies: [PolicyDocument],
        telemetry: Telemetry
    ) {
        self.sessions = sessions
        self.interning = interning
        self.checks = Dictionary(checks.map { ($0.stage, $0) }) { first, _ in first }
        self.policies = policies
        mint = TokenMint(random: telemetry.random)
        clock = telemetry.clock
    }

    /// Lets a user's operation pass once, when a flow is complete.
    ///
    /// - Throws: a challenge (401) that says what is missing or was wrong.
    package func authorise(
        _ operation: AuthOperation, by flows: [AuthFlow] = [AuthFlow(.password)], with submission: AuthSubmission?
    ) async throws {
        let progress = try await progress(of: submission, for: operation)
        let attempt = AuthAttempt(
            operation: operation, flows: flows, submission: submission, memory: .nothing,
            origin: operation.user.map { SessionOrigin(user: $0.userNID) } ?? SessionOrigin(address: ""))
        do {
            guard let hash = try await advance(attempt, from: progress).session else { return }
            if try await sessions.spend(hash, oldest: oldest) { return }
        } catch is AuthSessionIsOver {}
        throw try await beginAnew(attempt, .sessionIsUnknown)
    }

    /// When sessions began that are over now.
    var oldest: Int64 { clock.nowMilliseconds - Self.sessionLifetime.wholeMilliseconds }

    // MARK: Steps

    /// How far the session is that a submission names.
    ///
    /// - Throws: `M_FORBIDDEN` when it is a session of another operation, user or device.
    func progress(of submission: AuthSubmission?, for operation: AuthOperation) async throws -> AuthProgress {
        guard let text = submission?.session else { return AuthProgress(session: nil, hash: nil, record: nil) }
        let hash = TokenHash(of: text)
        let record = try await sessions.session(hash, oldest: oldest)
        if let record {
            guard record.operation == operation.name, record.userNID == operation.user?.userNID,
                record.deviceID == operation.user?.deviceID
            else { throw MatrixError.forbidden("The operation has changed during the authentication") }
        }
        return AuthProgress(session: text, hash: hash, record: record)
    }

    /// Takes a step.
    ///
    /// - Returns: the session, when it is complete now; without one when it was done in a single request.
    /// - Throws: a challenge, when it is not complete; ``AuthSessionIsOver`` when another request was faster.
    func advance(_ attempt: AuthAttempt, from progress: AuthProgress) async throws -> AuthGrant {
        guard let submission = attempt.submission else { throw try await beginAnew(attempt, nil) }
        if progress.isUnknown { throw try await beginAnew(attempt, .sessionIsUnknown) }
        let completed = progress.record?.completed ?? []
        // A stage that is complete is not checked again.
        if attempt.flows.contains(where: { $0.isComplete(with: completed) }) {
            return AuthGrant(session: progress.hash)
        }
        guard let type = submission.type, !completed.contains(type) else {
            throw try await challenge(attempt, progress, completed: completed, nil)
        }
        let next = attempt.flows.lazy.compactMap { $0.next(after: completed) }
        guard let stage = next.first(where: { $0.rawValue == type }), let check = checks[stage] else {
            throw try await challenge(attempt, progress, completed: completed, .stageIsNotOffered)
        }
        let context = StageContext(
            owner: attempt.operation.user?.userID, shownPolicies: progress.record?.policies)
        switch try await check.verdict(on: submission, in: context) {
        case .refused(let refusal):
            throw try await challenge(attempt, progress, completed: completed, refusal)
        case .passed: return try await complete(check, attempt, progress, token: nil)
        case .passedWith(let token): return try await complete(check, attempt, progress, token: token)
        }
    }

    private func complete(
        _ check: any StageCheck, _ attempt: AuthAttempt, _ progress: AuthProgress, token: String?
    ) async throws -> AuthGrant {
        var progress = progress
        if progress.hash == nil {
            // A single stage in a single request needs no memory, unless it leaves something.
            if !check.needsSession, attempt.flows.contains(AuthFlow(check.stage)) { return AuthGrant(session: nil) }
            progress = try await begin(attempt)
        }
        guard let hash = progress.hash else { throw try await beginAnew(attempt, .sessionIsUnknown) }
        let outcome = try await sessions.complete(
            check.stage.rawValue, of: hash, registrationToken: token, oldest: oldest, now: clock.nowMilliseconds)
        switch outcome {
        case .accepted(let completed):
            if attempt.flows.contains(where: { $0.isComplete(with: completed) }) { return AuthGrant(session: hash) }
            throw try await challenge(attempt, progress, completed: completed, nil)
        case .tokenRefused:
            throw try await challenge(
                attempt, progress, completed: progress.record?.completed ?? [], .registrationTokenIsWrong)
        case .gone: throw AuthSessionIsOver()
        }
    }

    // MARK: Challenges

    private func begin(_ attempt: AuthAttempt) async throws -> AuthProgress {
        let text = mint.session()
        let hash = TokenHash(of: text)
        let memory = try await attempt.memory.compute()
        try await sessions.begin(
            NewAuthSession(
                hash: hash, operation: attempt.operation.name, userNID: attempt.operation.user?.userNID,
                deviceID: attempt.operation.user?.deviceID, flows: attempt.flows.map(\.stored),
                policies: shownPolicies(by: attempt.flows), parameters: memory.parameters,
                passwordHash: memory.passwordHash, origin: attempt.origin.key),
            maxOfOrigin: attempt.origin.maxSessions, oldest: oldest, now: clock.nowMilliseconds)
        return AuthProgress(session: text, hash: hash, record: nil)
    }

    /// A challenge with a new session.
    func beginAnew(_ attempt: AuthAttempt, _ refusal: AuthRefusal?) async throws -> MatrixError {
        try await challenge(attempt, try await begin(attempt), completed: [], refusal)
    }

    private func challenge(
        _ attempt: AuthAttempt, _ progress: AuthProgress, completed: [String], _ refusal: AuthRefusal?
    ) async throws -> MatrixError {
        guard let session = progress.session else { return try await beginAnew(attempt, refusal) }
        if let record = progress.record, let hash = progress.hash {
            try await show(shownPolicies(by: attempt.flows), in: hash, record)
        }
        var parameters: [String: JSONValue] = [:]
        for stage in attempt.flows.flatMap(\.stages) { parameters[stage.rawValue] = checks[stage]?.parameters }
        var fields: [String: JSONValue] = [
            "session": .string(session), "params": .object(parameters),
            "flows": .array(attempt.flows.map { ["stages": .array($0.stages.map { .string($0.rawValue) })] }),
        ]
        if !completed.isEmpty { fields["completed"] = .array(completed.map { .string($0) }) }
        return .challenge(fields, errcode: refusal?.errcode, message: refusal?.message ?? "")
    }

    // MARK: Documents that are shown

    func shownPolicies(by flows: [AuthFlow]) -> [String] {
        flows.contains { $0.stages.contains(.terms) } ? policies.map(\.key) : []
    }

    /// Notes which documents the session shows now: the operator may have changed them since it began. What was accepted stays.
    func show(_ policies: [String], in hash: TokenHash, _ record: AuthSessionRecord) async throws {
        guard record.policies != policies, !record.completed.contains(AuthStage.terms.rawValue) else { return }
        try await sessions.show(policies, in: hash)
    }
}
