package import HTTPAPI
package import MatrixCore
import Rooms

/// A page of a room's history, in either direction.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages
/// - Errors: 403 `M_FORBIDDEN` when the caller was never in the room, 400 `M_INVALID_PARAM` for a token of nobody's.
package enum GetRoomEvents: Endpoint {
    package static let route = Route(
        "getRoomEvents", .get, "/_matrix/client/v3/rooms/{roomId}/messages", guests: true)

    private static let defaultLimit = 10

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let from: String?
        let to: String?
        let direction: RoomService.Direction
        let limit: Int?
        let filter: RoomEventFilter

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            from = input.query(optional: "from")
            to = input.query(optional: "to")
            direction = try input.query("dir", { RoomService.Direction(rawValue: $0) })
            limit = try input.query(number: "limit", in: 0...RoomService.maxPage)
            filter = try RoomEventFilter(query: input)
        }
    }

    package struct Response: JSONResponse {
        let start: String
        let end: String?
        let chunk: [[UInt8]]
        let state: [[UInt8]]

        package var expectedBytes: Int { chunk.reduce(200) { $0 + $1.count + 1 } }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("start", start)
                json.field(optional: "end", end)
                json.key("chunk")
                EventList(events: chunk).write(to: &json)
                guard !state.isEmpty else { return }
                json.key("state")
                EventList(events: state).write(to: &json)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        let readable = try await services.readableRoom(request.roomID, by: caller)
        let filter = request.filter
        let page = try await services.rooms.page(
            of: readable, from: request.from, to: request.to, direction: request.direction,
            limit: request.limit ?? filter.limit ?? defaultLimit, matching: { filter.includes($0.event) })
        let members =
            filter.lazyLoadsMembers ? try await services.members(ofSendersOf: page.events, in: readable.snapshot) : []
        return Response(
            start: request.from ?? page.startToken, end: page.endToken,
            chunk: try await services.render(page.events, in: readable, for: caller),
            state: try await services.render(members, in: readable, for: caller))
    }
}
