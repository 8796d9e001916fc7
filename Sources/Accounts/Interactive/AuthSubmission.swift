/// What a client submits as `auth`, or a person on a page.
package struct AuthSubmission: Sendable {
    /// The stage that it attempts; `nil` when it only asks how far the session is.
    package let type: String?
    package let session: String?
    package let user: LoginIdentifier?
    package let password: String?
    package let token: String?
    /// The documents that a person has ticked, as `PolicyDocument.key`; `nil` from clients, who submit the stage when all are.
    package let accepted: [String]?

    package init(
        type: String?, session: String?, user: LoginIdentifier?, password: String?, token: String?,
        accepted: [String]? = nil
    ) {
        self.type = type
        self.session = session
        self.user = user
        self.password = password
        self.token = token
        self.accepted = accepted
    }
}

/// How somebody who authenticates calls the account.
package enum LoginIdentifier: Sendable, Hashable {
    /// A user id, or its localpart.
    case user(String)
    /// By e-mail address or phone number, of which this server knows none.
    case thirdParty
}
