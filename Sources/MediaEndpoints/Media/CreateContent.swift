package import HTTPAPI
package import MatrixCore
import Media

/// Makes an address whose content comes later.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav1create
/// - Errors: 429 `M_LIMIT_EXCEEDED` when too many of the caller's have no content yet; 403 `M_USER_SUSPENDED`.
package enum CreateContent: Endpoint {
    package static let route = Route("createContent", .post, "/_matrix/media/v1/create", rateLimit: .requests)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> JSONValue {
        let (uri, expiresAt) = try await services.uploads.create(by: caller)
        return ["content_uri": .string(uri.description), "unused_expires_at": .integer(expiresAt)]
    }
}
