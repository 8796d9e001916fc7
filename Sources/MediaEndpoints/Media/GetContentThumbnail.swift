package import HTTPAPI
import Media

/// Sends a smaller version of a picture to whoever asks, unless it came after these paths were frozen.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3thumbnailservernamemediaid
/// - Errors: 400 `M_UNKNOWN` when it is no picture, 413 `M_TOO_LARGE`, 404 `M_NOT_FOUND`, 504 `M_NOT_YET_UPLOADED`.
package enum GetContentThumbnail: Endpoint {
    package static let route = Route(
        "getContentThumbnail", .get, "/_matrix/media/v3/thumbnail/{serverName}/{mediaId}",
        rateLimit: .requests)

    package static func handle(
        _ request: ThumbnailRequest, from caller: Anyone, with services: MediaEndpointServices
    ) async throws -> ServerResponse {
        try await request.answer(to: .unauthenticated, with: services)
    }
}
