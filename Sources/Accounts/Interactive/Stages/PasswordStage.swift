import MatrixCore

/// The password of whose operation it is.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#password-based
struct PasswordStage: StageCheck {
    let passwords: PasswordCheck
    let names: AccountNames

    var stage: AuthStage { .password }

    func prompt(in context: StageContext) -> StagePrompt? { context.owner.map { .password(of: $0) } }

    /// - Throws: `M_FORBIDDEN` for somebody else's name, right password or not.
    func verdict(on submission: AuthSubmission, in context: StageContext) async throws -> StageVerdict {
        guard let owner = context.owner else { return .refused(.stageIsNotOffered) }
        guard let password = submission.password else { return .refused(.missing("password")) }
        guard let identifier = submission.user else { return .refused(.missing("identifier")) }
        guard case .user(let name) = identifier, names.resolve(name) == owner else {
            throw MatrixError.forbidden("Only the owner of the account may authorise this")
        }
        return try await passwords.verify(password, of: owner) == nil ? .refused(.passwordIsWrong) : .passed
    }
}
