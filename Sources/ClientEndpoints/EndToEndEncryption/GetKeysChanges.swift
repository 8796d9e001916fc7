import Encryption
package import HTTPAPI
package import MatrixCore
import Sync

/// Whose devices changed since a sync, of those with whom the caller shares a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges
/// - Errors: 400 `M_MISSING_PARAM` without `from` or `to`, 400 `M_INVALID_PARAM` for what is no token, 400 `M_UNKNOWN` for a token
///   of another database.
package enum GetKeysChanges: Endpoint {
    package static let route = Route("getKeysChanges", .get, "/_matrix/client/v3/keys/changes")

    package struct Request: RequestDecodable {
        let from: String
        let to: String

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            from = try input.query("from")
            to = try input.query("to")
        }
    }

    package struct Response: JSONResponse {
        let changes: DeviceListChanges

        package var expectedBytes: Int { (changes.changed.count + changes.left.count) * 40 + 64 }

        package func write(to json: inout JSONWriter) { json.object { changes.write(to: &$0) } }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> Response {
        Response(
            changes: try await services.keyChanges.changes(of: caller.userNID, from: request.from, to: request.to))
    }
}
