package import Ephemeral
package import HTTPAPI
package import MatrixCore

/// Tells whether somebody is there.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3presenceuseridstatus
/// - Errors: 403 `M_FORBIDDEN` for somebody with whom the caller shares no room, and for nobody at all.
package enum GetPresence: Endpoint {
    package static let route = Route("getPresence", .get, "/_matrix/client/v3/presence/{userId}/status")

    package struct Request: RequestDecodable {
        let userID: UserID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.path("userId", { UserID($0) })
        }
    }

    package struct Response: JSONResponse {
        let status: PresenceStatus

        package func write(to json: inout JSONWriter) { json.object { status.write(members: &$0) } }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with presence: UserPresence
    ) async throws -> Response {
        Response(status: try await presence.status(of: request.userID, seenBy: caller.userNID))
    }
}
