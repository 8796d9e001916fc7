import Ephemeral
package import HTTPAPI
package import MatrixCore

/// Says up to which event the caller has read a room.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid
/// - Errors: 403 `M_FORBIDDEN` for a room that the caller is not in, 404 `M_NOT_FOUND` for an event that the room does not
///   have, 400 `M_INVALID_PARAM` for a thread that the event is not in.
package enum PostReceipt: Endpoint {
    package static let route = Route(
        "postReceipt", .post, "/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}", rateLimit: .requests,
        guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let update: Receipts.Update

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            update = try Receipts.Update(
                try input.path("receiptType", { Receipts.Marker(rawValue: $0) }),
                at: try input.path("eventId", { EventID($0) }), threadID: try Self.threadID(input))
        }

        /// Here the specification wants another error for what is no string.
        private static func threadID(_ input: borrowing RequestInput) throws(MatrixError) -> String? {
            guard let value: JSONValue = try input.body(optional: "thread_id") else { return nil }
            guard let id = value.string, !id.isEmpty else {
                throw .invalidParam("thread_id must be a non-empty string")
            }
            return id
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
