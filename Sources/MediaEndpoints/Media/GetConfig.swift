package import HTTPAPI
package import MatrixCore
import Media

/// Tells how large a file may be.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3config
package enum GetConfig: Endpoint {
    package static let route = Route("getConfig", .get, "/_matrix/media/v3/config", rateLimit: .requests)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: MediaEndpointServices
    ) async throws -> JSONValue {
        ["m.upload.size": .integer(Int64(services.uploads.maxBytes))]
    }
}
