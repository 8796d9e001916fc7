package import HTTPAPI
package import MatrixCore
import Media

/// Tells how large a file may be.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediaconfig
package enum GetConfigAuthed: Endpoint {
    package static let route = Route("getConfigAuthed", .get, "/_matrix/client/v1/media/config", rateLimit: .requests)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> JSONValue {
        ["m.upload.size": .integer(Int64(services.uploads.maxBytes))]
    }
}
