import Ephemeral
package import HTTPAPI
package import MatrixCore

/// Tells a room that the caller types, or does not any more.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid
/// - Errors: 403 `M_FORBIDDEN` for another user, or a room that the caller is not in.
package enum SetTyping: Endpoint {
    package static let route = Route(
        "setTyping", .put, "/_matrix/client/v3/rooms/{roomId}/typing/{userId}", rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let userID: UserID
        let isTyping: Bool
        let timeoutMilliseconds: Int64?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            userID = try input.path("userId", { UserID($0) })
            isTyping = try input.body("typing")
            timeoutMilliseconds = try input.body(optional: "timeout")
        }

        var timeout: Duration? {
            guard isTyping else { return nil }
            return timeoutMilliseconds.map { .milliseconds(max($0, 0)) } ?? Typing.defaultTimeout
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> EmptyObject {
        guard request.userID == caller.userID else { throw MatrixError.forbidden("You cannot type for somebody else") }
        try await services.typing.set(caller.userNID, in: request.roomID, for: request.timeout)
        await services.noteActivity(of: caller)
        return EmptyObject()
    }
}
