import MatrixCore

/// Documents that new users accept. A session knows which versions of them it has shown.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#terms-of-service-at-registration
struct TermsStage: StageCheck {
    let policies: [PolicyDocument]

    var stage: AuthStage { .terms }
    var needsSession: Bool { true }

    var parameters: JSONValue? {
        ["policies": .object(Dictionary(policies.map { ($0.id, $0.json) }) { first, _ in first })]
    }

    func prompt(in context: StageContext) -> StagePrompt? { context.owner == nil ? .terms(policies) : nil }

    func verdict(on submission: AuthSubmission, in context: StageContext) -> StageVerdict {
        // Nobody has accepted what nobody was shown.
        guard let shown = context.shownPolicies else { return .refused(.missing("session")) }
        guard Set(shown) == Set(policies.map(\.key)) else { return .refused(.termsHaveChanged) }
        if let accepted = submission.accepted, !Set(accepted).isSuperset(of: shown) {
            return .refused(.termsAreNotAccepted)
        }
        return .passed
    }
}
