package import Accounts
package import HTTPAPI

/// What users can have to show elsewhere.
package struct CredentialServices: Sendable {
    let openID: OpenIDTokens
    /// `nil` when there is no relay for calls.
    let relays: RelayCredentials?

    package init(openID: OpenIDTokens, relays: RelayCredentials?) {
        self.openID = openID
        self.relays = relays
    }
}

/// The endpoints that give users what they can show elsewhere.
package enum CredentialEndpoints {
    package static let all: [any Endpoint<CredentialServices>.Type] = [RequestOpenIDToken.self, GetTurnServer.self]
}
