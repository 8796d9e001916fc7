package import HTTPAPI
import Media

/// Sends a file to whoever asks, unless it came after these paths were frozen.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3downloadservernamemediaid
/// - Errors: 404 `M_NOT_FOUND`; 504 `M_NOT_YET_UPLOADED`.
package enum GetContent: Endpoint {
    package static let route = Route(
        "getContent", .get, "/_matrix/media/v3/download/{serverName}/{mediaId}",
        rateLimit: .requests)

    package static func handle(
        _ request: DownloadRequest, from caller: Anyone, with services: MediaEndpointServices
    ) async throws -> ServerResponse {
        try await request.answer(to: .unauthenticated, with: services)
    }
}
