package import HTTPAPI
import Media

/// Sends a smaller version of a picture.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid
/// - Errors: 400 `M_UNKNOWN` when it is no picture, 413 `M_TOO_LARGE`, 404 `M_NOT_FOUND`, 504 `M_NOT_YET_UPLOADED`.
package enum GetContentThumbnailAuthed: Endpoint {
    package static let route = Route(
        "getContentThumbnailAuthed", .get, "/_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}",
        rateLimit: .requests, guests: true)

    package static func handle(
        _ request: ThumbnailRequest, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> ServerResponse {
        try await request.answer(to: .authenticated, with: services)
    }
}
