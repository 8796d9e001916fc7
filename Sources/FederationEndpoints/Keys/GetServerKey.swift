package import Federation
package import HTTPAPI
package import MatrixCore

/// The keys of this server. Older servers name one in the path, and get all.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixkeyv2server
package enum GetServerKey: Endpoint {
    package static let route = Route(
        "getServerKey", .get, "/_matrix/key/v2/server", unstable: ["/_matrix/key/v2/server/{keyId}"])

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with notary: KeyNotary
    ) async throws -> JSONValue {
        try notary.published()
    }
}
