package import HTTPAPI
import MatrixCore

/// A query of a kind that is not known here: those that are have endpoints of their own.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryquerytype
/// - Errors: 404 `M_UNRECOGNIZED`.
package enum QueryInfo: Endpoint {
    package static let route = Route("queryInfo", .get, "/_matrix/federation/v1/query/{queryType}")

    package static func handle(
        _ request: EmptyRequest, from caller: RemoteServer, with services: QueryServices
    ) async throws -> EmptyObject {
        throw MatrixError.unrecognized()
    }
}
