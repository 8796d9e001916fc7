package import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// The rooms that the caller shares with another user.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms
/// - Errors: 400 `M_MISSING_PARAM`, `M_INVALID_PARAM` for the caller's own id, one that is none, or a token of nobody's.
package enum GetMutualRooms: Endpoint {
    package static let route = Route(
        "getMutualRooms", .get, "/_matrix/client/v1/mutual_rooms",
        unstable: ["/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms"], rateLimit: .requests)

    package struct Request: RequestDecodable {
        let userID: UserID
        let from: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.query("user_id", { UserID($0) })
            let (next, batch) = (input.query(optional: "from"), input.query(optional: "batch_token"))
            from = next ?? batch
        }
    }

    package struct Response: JSONResponse {
        let mutual: MutualRooms

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("joined", strings: mutual.rooms.map(\.description))
                json.field("count", mutual.count)
                json.field(optional: "next_batch", mutual.nextBatch)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with directory: RoomDirectory
    ) async throws -> Response {
        let user = try await directory.rooms.user(caller.userNID)
        return Response(mutual: try await directory.mutualRooms(of: user, and: request.userID, from: request.from))
    }
}
