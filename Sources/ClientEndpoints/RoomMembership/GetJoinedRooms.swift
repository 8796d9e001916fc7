package import HTTPAPI
package import MatrixCore
import Rooms

/// The rooms that the caller is in.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms
package enum GetJoinedRooms: Endpoint {
    package static let route = Route("getJoinedRooms", .get, "/_matrix/client/v3/joined_rooms", guests: true)

    package struct Response: JSONResponse {
        let rooms: [RoomID]

        package func write(to json: inout JSONWriter) {
            json.object { $0.field("joined_rooms", strings: rooms.map(\.description)) }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        Response(rooms: try await services.rooms.joinedRooms(of: caller.userNID))
    }
}
