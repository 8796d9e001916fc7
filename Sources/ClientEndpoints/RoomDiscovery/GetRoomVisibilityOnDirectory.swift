package import Directory
package import HTTPAPI
package import MatrixCore

/// Whether a room is on the public list.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid
/// - Errors: 404 `M_NOT_FOUND`.
package enum GetRoomVisibilityOnDirectory: Endpoint {
    package static let route = Route(
        "getRoomVisibilityOnDirectory", .get, "/_matrix/client/v3/directory/list/room/{roomId}", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with directory: RoomDirectory
    ) async throws -> JSONValue {
        ["visibility": try await directory.isPublished(request.roomID) ? "public" : "private"]
    }
}
