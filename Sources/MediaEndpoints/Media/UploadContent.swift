package import HTTPAPI
package import MatrixCore
import Media

/// Takes a file, and answers its address.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload
/// - Errors: 413 `M_TOO_LARGE`; 403 `M_USER_SUSPENDED`; 400 `M_INVALID_PARAM` for a name that is too long.
package enum UploadContent: Endpoint {
    package static let route = Route(
        "uploadContent", .post, "/_matrix/media/v3/upload", rateLimit: .requests, body: .stream)

    package struct Request: RequestDecodable {
        let content: UploadedContent

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            content = try UploadedContent(from: input)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> JSONValue {
        let uri = try await services.uploads.upload(request.content, by: caller)
        return ["content_uri": .string(uri.description)]
    }
}
