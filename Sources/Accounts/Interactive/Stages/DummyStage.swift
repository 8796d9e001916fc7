/// Nothing: there where the specification wants a stage and the operator none.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#dummy-auth
struct DummyStage: StageCheck {
    var stage: AuthStage { .dummy }

    func prompt(in context: StageContext) -> StagePrompt? { .confirmation }

    func verdict(on submission: AuthSubmission, in context: StageContext) -> StageVerdict { .passed }
}
