package import HTTPAPI
package import MatrixCore
import Rooms

/// Replaces a room by one of another version.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade
/// - Errors: 400 `M_UNSUPPORTED_ROOM_VERSION`, `M_MISSING_PARAM`, `M_INVALID_PARAM`, `M_UNKNOWN` while somebody else does; 403
///   `M_FORBIDDEN` for who may not end the room; 404 `M_NOT_FOUND` for a room that is not known here.
package enum UpgradeRoom: Endpoint {
    package static let route = Route(
        "upgradeRoom", .post, "/_matrix/client/v3/rooms/{roomId}/upgrade", rateLimit: .joins, suspended: false)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let version: RoomVersion
        let additionalCreators: [UserID]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            let name: String = try input.body("new_version")
            guard let version = RoomVersion(name) else {
                throw MatrixError(.unsupportedRoomVersion, "this server does not know room version \(name)")
            }
            self.version = version
            // Where they have no effect they are not looked at.
            additionalCreators =
                version.authorization.hasPrivilegedCreators
                ? try input.body(optionalEach: "additional_creators", { UserID($0) }) ?? [] : []
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: UpgradeServices
    ) async throws -> JSONValue {
        let new = try await services.upgrades.upgrade(
            request.roomID, to: request.version, additionalCreators: request.additionalCreators,
            by: try await services.rooms.user(caller.userNID))
        return ["replacement_room": .string(new.description)]
    }
}
