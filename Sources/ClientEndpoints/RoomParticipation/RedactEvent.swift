package import HTTPAPI
package import MatrixCore
import Rooms

/// Takes the content of an event away.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
/// - Errors: 403 `M_FORBIDDEN` when it is another's event and the caller's power is too low, `M_USER_SUSPENDED`.
package enum RedactEvent: Endpoint {
    package static let route = Route(
        "redactEvent", .put, "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let eventID: EventID
        let transactionID: String
        let reason: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            eventID = try input.path("eventId", { EventID($0) })
            transactionID = try input.path("txnId")
            reason = try input.body(optional: "reason")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> SentEvent {
        let user = try await services.rooms.user(caller.userNID)
        try await services.permitRedaction(of: request.eventID, in: request.roomID, by: caller)
        return .sent(
            try await services.rooms.redact(
                request.eventID, in: request.roomID, by: user, reason: request.reason, device: caller.deviceID,
                transactionID: request.transactionID))
    }
}
