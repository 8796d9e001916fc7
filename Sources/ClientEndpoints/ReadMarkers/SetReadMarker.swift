import Ephemeral
package import HTTPAPI
package import MatrixCore

/// Moves the caller's fully-read marker and receipts in a room at once.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers
/// - Errors: 403 `M_FORBIDDEN` for a room that the caller is not in, 404 `M_NOT_FOUND` for an event that the room does not
///   have.
package enum SetReadMarker: Endpoint {
    package static let route = Route(
        "setReadMarker", .post, "/_matrix/client/v3/rooms/{roomId}/read_markers", rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let update: Receipts.Update

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            update = Receipts.Update(
                read: try input.body(optional: "m.read", { EventID($0) }),
                readPrivate: try input.body(optional: "m.read.private", { EventID($0) }),
                fullyRead: try input.body(optional: "m.fully_read", { EventID($0) }))
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> EmptyObject {
        try await services.receipts.update(request.update, by: caller.userNID, in: request.roomID)
        await services.noteActivity(of: caller)
        return EmptyObject()
    }
}
