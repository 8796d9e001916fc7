import Directory
package import HTTPAPI
package import MatrixCore
import Sync

/// A room that the caller may read, with its newest events and its state.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync
/// - Errors: 403 `M_FORBIDDEN` when the caller may not read the room.
package enum RoomInitialSync: Endpoint {
    package static let route = Route(
        "roomInitialSync", .get, "/_matrix/client/v3/rooms/{roomId}/initialSync", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        /// Not in the specification, and known to all servers.
        let limit: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            limit = try input.query(number: "limit", in: 0...100) ?? EventStream.usualMessages
        }
    }

    package struct Response: JSONResponse {
        let room: EventStream.RoomStart

        package func write(to json: inout JSONWriter) { room.write(to: &json) }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EventStreamServices
    ) async throws -> Response {
        var room = try await services.stream.start(of: request.roomID, for: caller.streamReader, limit: request.limit)
        room.isPublished = try await services.directory.published(among: [request.roomID]).contains(request.roomID)
        return Response(room: room)
    }
}
