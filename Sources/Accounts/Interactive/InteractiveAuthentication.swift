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
    /// A registration token, in bytes; its grammar has this bound.
    private static let maxRegistrationTokenBytes = 64

    let sessions: AuthSessionStore
    let passwords: PasswordCheck
    let names: AccountNames
    let mint: TokenMint
    let clock: any Clock

    package init(sessions: AuthSessionStore, passwords: PasswordCheck, names: AccountNames, telemetry: Telemetry) {
        self.sessions = sessions
        self.passwords = passwords
        self.names = names
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
        let attempt = AuthAttempt(operation: operation, flows: flows, submission: submission, memory: .nothing)
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
        guard
            let stage = attempt.flows.lazy.compactMap({ $0.next(after: completed) }).first(where: {
                $0.rawValue == type
            })
        else { throw try await challenge(attempt, progress, completed: completed, .stageIsNotOffered) }
        if let refusal = try await check(stage, submission, for: attempt.operation) {
            throw try await challenge(attempt, progress, completed: completed, refusal)
        }
        return try await complete(stage, attempt, progress)
    }

    private func complete(
        _ stage: AuthStage, _ attempt: AuthAttempt, _ progress: AuthProgress
    ) async throws -> AuthGrant {
        var progress = progress
        if progress.hash == nil {
            // A single stage in a single request needs no memory, unless a registration token is to be kept for it.
            if stage != .registrationToken, attempt.flows.contains(AuthFlow(stage)) { return AuthGrant(session: nil) }
            progress = try await begin(attempt)
        }
        guard let hash = progress.hash else { throw try await beginAnew(attempt, .sessionIsUnknown) }
        let token = stage == .registrationToken ? attempt.submission?.token : nil
        let outcome = try await sessions.complete(
            stage.rawValue, of: hash, registrationToken: token, oldest: oldest, now: clock.nowMilliseconds)
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

    /// Why the stage is not complete with what was submitted; `nil` when it is.
    private func check(
        _ stage: AuthStage, _ submission: AuthSubmission, for operation: AuthOperation
    ) async throws -> AuthRefusal? {
        switch stage {
        case .dummy: return nil
        case .registrationToken:
            guard let token = submission.token else { return .missing("token") }
            guard OpaqueIdentifier.isValid(token), token.utf8.count <= Self.maxRegistrationTokenBytes else {
                return .registrationTokenIsWrong
            }
            // Whether it can be used is asked by the statement that keeps a use of it.
            return nil
        case .password:
            guard let owner = operation.user else { return .stageIsNotOffered }
            guard let password = submission.password else { return .missing("password") }
            guard let identifier = submission.user else { return .missing("identifier") }
            guard case .user(let name) = identifier, names.resolve(name) == owner.userID else {
                throw MatrixError.forbidden("Only the owner of the account may authorise this")
            }
            return try await passwords.verify(password, of: owner.userID) == nil ? .passwordIsWrong : nil
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
                deviceID: attempt.operation.user?.deviceID, parameters: memory.parameters,
                passwordHash: memory.passwordHash),
            oldest: oldest, now: clock.nowMilliseconds)
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
        var fields: [String: JSONValue] = [
            "session": .string(session), "params": [:],
            "flows": .array(attempt.flows.map { ["stages": .array($0.stages.map { .string($0.rawValue) })] }),
        ]
        if !completed.isEmpty { fields["completed"] = .array(completed.map { .string($0) }) }
        return .challenge(fields, errcode: refusal?.errcode, message: refusal?.message ?? "")
    }
}

/// The session was spent, or its time was over, since it was looked at.
struct AuthSessionIsOver: Error {}
