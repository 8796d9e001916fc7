package import MatrixCore

/// A stage of user-interactive authentication that this server can check.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#authentication-types
package enum AuthStage: String, Sendable, CaseIterable {
    case password = "m.login.password"
    case dummy = "m.login.dummy"
    case registrationToken = "m.login.registration_token"
}

/// Stages that together, and in this order, are enough.
package struct AuthFlow: Sendable, Hashable {
    package let stages: [AuthStage]

    package init(_ stages: AuthStage...) { self.stages = stages }

    /// The stage that comes after those that are complete; `nil` when they are no beginning of this flow, or all of it.
    func next(after completed: [String]) -> AuthStage? {
        guard completed.count < stages.count, zip(stages, completed).allSatisfy({ $0.rawValue == $1 }) else {
            return nil
        }
        return stages[completed.count]
    }

    func isComplete(with completed: [String]) -> Bool { stages.map(\.rawValue) == completed }
}

/// What is to be allowed, to whom. A session is good for exactly one of it.
package struct AuthOperation: Sendable, Hashable {
    /// The operation and, where there is one, its target: who may delete one device may not delete another.
    let name: String
    let user: LocalIdentity?

    package struct LocalIdentity: Sendable, Hashable {
        package let userID: UserID
        package let userNID: UserNID
        package let deviceID: String?

        package init(userID: UserID, userNID: UserNID, deviceID: String?) {
            self.userID = userID
            self.userNID = userNID
            self.deviceID = deviceID
        }
    }

    static let register = AuthOperation(name: "register", user: nil)

    /// - Parameter targets: what the operation is done to; any number, of any size.
    package init(_ operation: String, targets: [String] = [], by user: LocalIdentity) {
        let digest = BLAKE2b.hash128(Array(targets.sorted().joined(separator: "\n").utf8))
        self.init(name: targets.isEmpty ? operation : "\(operation) \(Base64.encode(digest))", user: user)
    }

    private init(name: String, user: LocalIdentity?) {
        self.name = name
        self.user = user
    }
}

/// What a client submits as `auth`.
package struct AuthSubmission: Sendable {
    /// The stage that it attempts; `nil` when it only asks how far the session is.
    package let type: String?
    package let session: String?
    package let user: LoginIdentifier?
    package let password: String?
    package let token: String?

    package init(type: String?, session: String?, user: LoginIdentifier?, password: String?, token: String?) {
        self.type = type
        self.session = session
        self.user = user
        self.password = password
        self.token = token
    }
}

/// How somebody who authenticates calls the account.
package enum LoginIdentifier: Sendable, Hashable {
    /// A user id, or its localpart.
    case user(String)
    /// By e-mail address or phone number, of which this server knows none.
    case thirdParty
}
