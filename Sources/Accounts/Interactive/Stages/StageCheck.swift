package import MatrixCore

/// One kind of stage: what it asks for, and when that is enough. One value serves all sessions; what is kept of a session is in
/// the database.
package protocol StageCheck: Sendable {
    var stage: AuthStage { get }

    /// Whether something of it is kept with a session, even where one request is all there is to it.
    var needsSession: Bool { get }

    /// What clients have to know to attempt it (`params` of a challenge); `nil` for nothing.
    var parameters: JSONValue? { get }

    /// What its page asks a person; `nil` where the operation cannot have this stage.
    func prompt(in context: StageContext) -> StagePrompt?

    /// Whether what was submitted completes the stage.
    ///
    /// - Throws: what is no matter of trying again, and `M_LIMIT_EXCEEDED` for too many tries.
    func verdict(on submission: AuthSubmission, in context: StageContext) async throws -> StageVerdict
}

extension StageCheck {
    package var needsSession: Bool { false }
    package var parameters: JSONValue? { nil }
}

/// What a stage may know of the session in which it is attempted.
package struct StageContext: Sendable {
    /// Whose operation it is; `nil` for a registration.
    package let owner: UserID?
    /// The documents that the session has shown, as `PolicyDocument.key`; `nil` when there is no session yet.
    package let shownPolicies: [String]?
}

/// What became of an attempt.
package enum StageVerdict: Sendable, Hashable {
    case passed
    /// If a use of the registration token can be kept for the session.
    case passedWith(registrationToken: String)
    case refused(AuthRefusal)
}

/// What a stage asks a person, on its page.
package enum StagePrompt: Sendable, Hashable {
    case password(of: UserID)
    case registrationToken
    case terms([PolicyDocument])
    /// Nothing but to go on.
    case confirmation
}
