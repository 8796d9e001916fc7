package import HTTPAPI
import Media

/// Sends a file under another name.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaidfilename
/// - Errors: 404 `M_NOT_FOUND`; 504 `M_NOT_YET_UPLOADED`.
package enum GetContentOverrideNameAuthed: Endpoint {
    package static let route = Route(
        "getContentOverrideNameAuthed", .get, "/_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}",
        rateLimit: .requests, guests: true)

    package static func handle(
        _ request: DownloadRequest, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> ServerResponse {
        try await request.answer(to: .authenticated, with: services)
    }
}
