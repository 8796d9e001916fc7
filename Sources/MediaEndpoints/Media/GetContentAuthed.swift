package import HTTPAPI
import Media

/// Sends a file.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid
/// - Errors: 404 `M_NOT_FOUND`; 504 `M_NOT_YET_UPLOADED`.
package enum GetContentAuthed: Endpoint {
    package static let route = Route(
        "getContentAuthed", .get, "/_matrix/client/v1/media/download/{serverName}/{mediaId}",
        rateLimit: .requests, guests: true)

    package static func handle(
        _ request: DownloadRequest, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> ServerResponse {
        try await request.answer(to: .authenticated, with: services)
    }
}
