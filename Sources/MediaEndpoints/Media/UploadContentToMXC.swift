package import HTTPAPI
package import MatrixCore
import Media

/// Takes the content of an address that was made before.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixmediav3uploadservernamemediaid
/// - Errors: 404 `M_NOT_FOUND`, 403 `M_FORBIDDEN` for another user's, 409 `M_CANNOT_OVERWRITE_MEDIA`, 413 `M_TOO_LARGE`.
package enum UploadContentToMXC: Endpoint {
    package static let route = Route(
        "uploadContentToMXC", .put, "/_matrix/media/v3/upload/{serverName}/{mediaId}", rateLimit: .requests,
        body: .stream)

    package struct Request: RequestDecodable {
        let uri: MXCURI
        let content: UploadedContent

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            uri = try input.mxcURI()
            content = try UploadedContent(from: input)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> EmptyObject {
        try await services.uploads.upload(request.content, to: request.uri, by: caller)
        return EmptyObject()
    }
}
