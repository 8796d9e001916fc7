/// A kind of stage of user-interactive authentication, by its name.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#authentication-types
package struct AuthStage: RawRepresentable, Sendable, Hashable {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package static let password = AuthStage(rawValue: "m.login.password")
    package static let dummy = AuthStage(rawValue: "m.login.dummy")
    package static let registrationToken = AuthStage(rawValue: "m.login.registration_token")
    package static let terms = AuthStage(rawValue: "m.login.terms")
}

/// Stages that together, and in this order, are enough.
package struct AuthFlow: Sendable, Hashable {
    package let stages: [AuthStage]

    package init(_ stages: AuthStage...) { self.stages = stages }

    init(_ stages: [AuthStage]) { self.stages = stages }

    /// The stage that comes after those that are complete; `nil` when they are no beginning of this flow, or all of it.
    func next(after completed: [String]) -> AuthStage? {
        guard completed.count < stages.count, zip(stages, completed).allSatisfy({ $0.rawValue == $1 }) else {
            return nil
        }
        return stages[completed.count]
    }

    func isComplete(with completed: [String]) -> Bool { stages.map(\.rawValue) == completed }

    // MARK: As a session keeps it

    /// Names of stages have no spaces.
    init(stored: String) { stages = stored.split(separator: " ").map { AuthStage(rawValue: String($0)) } }

    var stored: String { stages.map(\.rawValue).joined(separator: " ") }
}
