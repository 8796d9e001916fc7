package import Directory
package import HTTPAPI
package import MatrixCore

/// The room that an alias names, and servers that are in it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias
/// - Errors: 404 `M_NOT_FOUND`, 400 `M_INVALID_PARAM` for what is no alias.
package enum GetRoomIDByAlias: Endpoint {
    package static let route = Route(
        "getRoomIdByAlias", .get, "/_matrix/client/v3/directory/room/{roomAlias}", guests: true)

    package typealias Request = AliasRequest

    package struct Response: JSONResponse {
        let roomID: RoomID
        let servers: [ServerName]

        package func write(to json: inout JSONWriter) {
            json.object {
                $0.field("room_id", roomID)
                $0.field("servers", strings: servers.map(\.description))
            }
        }
    }

    package static func handle(
        _ request: AliasRequest, from caller: Anyone, with directory: RoomDirectory
    ) async throws -> Response {
        let (roomID, servers) = try await directory.resolve(request.alias)
        return Response(roomID: roomID, servers: servers)
    }
}
