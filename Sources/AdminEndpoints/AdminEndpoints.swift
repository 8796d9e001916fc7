package import Accounts
package import HTTPAPI

/// What the endpoints of administrators work with.
package struct AdminServices: Sendable {
    package let accounts: AccountServices
    /// `nil` when the configuration has no shared secret.
    package let sharedSecret: SharedSecretRegistration?

    package init(accounts: AccountServices, sharedSecret: SharedSecretRegistration?) {
        self.accounts = accounts
        self.sharedSecret = sharedSecret
    }
}

/// The endpoints that only Synapse's documentation describes, and that every tool of the ecosystem uses.
package enum AdminEndpoints {
    package static let all: [any Endpoint<AdminServices>.Type] = [
        GetRegistrationNonce.self, RegisterWithSharedSecret.self, CreateRegistrationToken.self,
    ]
}
