package import Encryption
package import HTTPAPI
package import MatrixCore

/// All devices of a user of this server that have keys.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1userdevicesuserid
/// - Errors: 400 `M_INVALID_PARAM` for a user of another server.
package enum GetUserDevices: Endpoint {
    package static let route = Route("getUserDevices", .get, "/_matrix/federation/v1/user/devices/{userId}")

    package struct Request: RequestDecodable {
        let userID: UserID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.path("userId", UserID.init)
        }
    }

    /// One JSON object.
    package struct Response: JSONResponse {
        let json: [UInt8]

        package var expectedBytes: Int { json.count }

        package func write(to writer: inout JSONWriter) { writer.raw(json) }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with lists: OwnDeviceLists
    ) async throws -> Response {
        Response(json: try await lists.answer(for: request.userID))
    }
}
