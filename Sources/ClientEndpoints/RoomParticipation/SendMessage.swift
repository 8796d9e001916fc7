package import HTTPAPI
package import MatrixCore
import Rooms

/// Sends a message event; the same transaction id of the same device sends it once.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid, MSC4140, MSC4354
/// - Errors: 403 `M_FORBIDDEN` when the caller is not in the room or may not send this, `M_USER_SUSPENDED`, 413 `M_TOO_LARGE`.
package enum SendMessage: Endpoint {
    package static let route = Route(
        "sendMessage", .put, "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let type: String
        let transactionID: String
        let content: JSONView
        let options: SendingOptions

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            type = try input.path("eventType")
            transactionID = try input.path("txnId")
            content = try input.body().root
            options = try SendingOptions(from: input)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> SentEvent {
        if let delay = request.options.delayMilliseconds {
            return try await services.schedule(
                request.content, request.type, stateKey: nil, in: request.roomID, after: delay, request.options,
                transactionID: request.transactionID, by: caller)
        }
        let user = try await services.rooms.user(caller.userNID)
        var redacts: EventID?
        if request.type == EventType.redaction { redacts = request.content["redacts"]?.string.flatMap { EventID($0) } }
        try await services.permitRedaction(of: redacts, in: request.roomID, by: caller)
        var draft = EventDraft(
            sender: user, type: request.type, content: request.content, redacts: redacts,
            device: caller.deviceID, transactionID: request.transactionID)
        draft.stickyMilliseconds = request.options.stickyMilliseconds
        let eventID = try await services.rooms.send(draft, to: request.roomID)
        await services.noteActivity(of: caller)
        return .sent(eventID)
    }
}
