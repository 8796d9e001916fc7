package import HTTPAPI
package import MatrixCore
import Rooms

/// Sets a place of a room's state.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
/// - Errors: 403 `M_FORBIDDEN`, `M_USER_SUSPENDED`, 400 `M_BAD_JSON` for content that its type does not allow, 400 `M_BAD_ALIAS` for a canonical alias that does not name the room.
package enum SetRoomStateWithKey: Endpoint {
    package static let route = Route(
        "setRoomStateWithKey", .put, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}",
        "/_matrix/client/v3/rooms/{roomId}/state/{eventType}", "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/",
        guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let type: String
        let stateKey: String
        let content: JSONView
        let options: SendingOptions

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            type = try input.path("eventType")
            stateKey = try input.path(optional: "stateKey") ?? ""
            content = try input.body().root
            options = try SendingOptions(from: input)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> SentEvent {
        if let delay = request.options.delayMilliseconds {
            return try await services.schedule(
                request.content, request.type, stateKey: request.stateKey, in: request.roomID, after: delay,
                request.options, transactionID: nil, by: caller)
        }
        let user = try await services.rooms.user(caller.userNID)
        try services.permitState(StateKey(request.type, request.stateKey), request.content, by: caller)
        if request.type == EventType.canonicalAlias {
            try await CanonicalAliasCheck(rooms: services.rooms, aliases: services.aliases).check(
                request.content, of: request.roomID)
        }
        var draft = EventDraft(sender: user, type: request.type, stateKey: request.stateKey, content: request.content)
        draft.stickyMilliseconds = request.options.stickyMilliseconds
        return .sent(try await services.rooms.send(draft, to: request.roomID))
    }
}
