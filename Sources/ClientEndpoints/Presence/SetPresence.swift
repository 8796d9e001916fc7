package import Ephemeral
package import HTTPAPI
package import MatrixCore

/// Says what the caller is, and what they say of it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3presenceuseridstatus
/// - Errors: 403 `M_FORBIDDEN` for somebody else; 400 `M_MISSING_PARAM`, `M_INVALID_PARAM` for what is no presence and for a
///   message that is too long.
package enum SetPresence: Endpoint {
    package static let route = Route(
        "setPresence", .put, "/_matrix/client/v3/presence/{userId}/status", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let userID: UserID
        let state: PresenceState
        let message: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.path("userId", { UserID($0) })
            state = try input.body("presence", { PresenceState(rawValue: $0) })
            message = try input.body(optional: "status_msg")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with presence: UserPresence
    ) async throws -> EmptyObject {
        guard request.userID == caller.userID else {
            throw MatrixError.forbidden("You cannot set the presence of somebody else")
        }
        try await presence.set(
            caller.userID, caller.userNID, device: caller.deviceID, to: request.state,
            message: request.message.flatMap { $0.isEmpty ? nil : $0 })
        return EmptyObject()
    }
}
