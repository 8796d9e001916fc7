package import Accounts
package import Encryption
package import HTTPAPI

/// The endpoints about keys that users publish for each other.
package enum EncryptionEndpoints {
    package static let all: [any Endpoint<EncryptionEndpointServices>.Type] = [
        UploadKeys.self, QueryKeys.self, ClaimKeys.self, UploadCrossSigningKeys.self, UploadCrossSigningSignatures.self,
    ]
}

/// What the endpoints about keys work with.
package struct EncryptionEndpointServices: Sendable {
    let uploads: KeyUploads
    let queries: KeyQueries
    let claims: KeyClaims
    let crossSigning: CrossSigningUploads
    let signatures: SignatureUploads
    let interactive: InteractiveAuthentication

    package init(
        uploads: KeyUploads, queries: KeyQueries, claims: KeyClaims, crossSigning: CrossSigningUploads,
        signatures: SignatureUploads, interactive: InteractiveAuthentication
    ) {
        self.uploads = uploads
        self.queries = queries
        self.claims = claims
        self.crossSigning = crossSigning
        self.signatures = signatures
        self.interactive = interactive
    }
}
