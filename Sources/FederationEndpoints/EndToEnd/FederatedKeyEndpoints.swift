package import Encryption
package import HTTPAPI

/// What other servers are told of the keys of users of this one.
package enum FederatedKeyEndpoints {
    package static let all: [any Endpoint<FederatedKeyServices>.Type] = [
        QueryUserEncryptionKeys.self, ClaimUserEncryptionKeys.self,
    ]
}

/// What these endpoints work with.
package struct FederatedKeyServices: Sendable {
    let queries: KeyQueries
    let claims: KeyClaims
    let namesDevices: Bool

    /// - Parameter namesDevices: whether other servers may see the names of devices.
    package init(queries: KeyQueries, claims: KeyClaims, namesDevices: Bool) {
        self.queries = queries
        self.claims = claims
        self.namesDevices = namesDevices
    }
}
