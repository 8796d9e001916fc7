package import HTTPAPI
package import MatrixCore

/// What software this is.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1version
package enum GetVersion: Endpoint {
    package static let route = Route("getVersion", .get, "/_matrix/federation/v1/version")

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: QueryServices
    ) async throws -> JSONValue {
        ["server": ["name": .string(services.name), "version": .string(services.version)]]
    }
}
