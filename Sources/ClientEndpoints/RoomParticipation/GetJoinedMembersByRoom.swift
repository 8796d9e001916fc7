package import HTTPAPI
package import MatrixCore
import Rooms

/// Who is in a room, with their names and avatars. Only for those who are in it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidjoined_members
/// - Errors: 403 `M_FORBIDDEN` when the caller is not in the room.
package enum GetJoinedMembersByRoom: Endpoint {
    package static let route = Route(
        "getJoinedMembersByRoom", .get, "/_matrix/client/v3/rooms/{roomId}/joined_members", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
        }
    }

    package struct Response: JSONResponse {
        let members: [RoomEvent]

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("joined")
                json.object { json in
                    for member in members {
                        json.key(member.event.stateKey ?? "")
                        json.object {
                            $0.field(optional: "display_name", member.event.content["displayname"]?.string)
                            $0.field(optional: "avatar_url", member.event.content["avatar_url"]?.string)
                        }
                    }
                }
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        let user = try await services.rooms.user(caller.userNID)
        let room = try await services.rooms.joinedRoom(request.roomID, as: user)
        return Response(members: try await services.rooms.joinedMembers(of: room))
    }
}
