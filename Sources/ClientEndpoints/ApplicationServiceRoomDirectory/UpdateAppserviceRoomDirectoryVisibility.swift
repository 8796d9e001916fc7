package import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// Puts a room on the list of an application service's network, or takes it off.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistappservicenetworkidroomid
/// - Errors: 404 `M_NOT_FOUND`, 400 `M_INVALID_PARAM`.
package enum UpdateAppserviceRoomDirectoryVisibility: Endpoint {
    package static let route = Route(
        "updateAppserviceRoomDirectoryVisibility", .put,
        "/_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}")

    package struct Request: RequestDecodable {
        let network: String
        let roomID: RoomID
        let isShown: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            network = try input.path("networkId")
            roomID = try input.path("roomId", { RoomID($0) })
            isShown = try input.body("visibility", { ["public": true, "private": false][$0] })
        }
    }

    package static func handle(
        _ request: Request, from caller: AppService, with directory: RoomDirectory
    ) async throws -> EmptyObject {
        try await directory.setShown(request.isShown, request.roomID, on: request.network, by: caller.id)
        return EmptyObject()
    }
}
