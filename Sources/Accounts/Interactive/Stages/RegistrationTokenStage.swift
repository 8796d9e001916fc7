import MatrixCore

/// A token that the operator gave to somebody who may register.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#token-authenticated-registration
struct RegistrationTokenStage: StageCheck {
    /// A registration token, in bytes; its grammar has this bound.
    static let maxTokenBytes = 64

    var stage: AuthStage { .registrationToken }
    /// One of the token's uses is kept for the session.
    var needsSession: Bool { true }

    func prompt(in context: StageContext) -> StagePrompt? { context.owner == nil ? .registrationToken : nil }

    func verdict(on submission: AuthSubmission, in context: StageContext) -> StageVerdict {
        guard let token = submission.token else { return .refused(.missing("token")) }
        guard OpaqueIdentifier.isValid(token), token.utf8.count <= Self.maxTokenBytes else {
            return .refused(.registrationTokenIsWrong)
        }
        // Whether it can be used is asked by the statement that keeps a use of it.
        return .passedWith(registrationToken: token)
    }
}
