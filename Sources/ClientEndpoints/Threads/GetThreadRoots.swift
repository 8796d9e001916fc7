package import HTTPAPI
package import MatrixCore
import Rooms

/// The roots of a room's threads, the thread with the newest event first.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads
/// - Errors: 403 `M_FORBIDDEN` when the caller may not read the room, 400 `M_INVALID_PARAM` for a token of nobody's.
package enum GetThreadRoots: Endpoint {
    package static let route = Route(
        "getThreadRoots", .get, "/_matrix/client/v1/rooms/{roomId}/threads", rateLimit: .requests, guests: true)

    private static let defaultLimit = 20

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let onlyOwn: Bool
        let limit: Int
        let from: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            onlyOwn = try input.query(optional: "include", { ["all": false, "participated": true][$0] }) ?? false
            limit = try input.query(number: "limit", in: 1...RoomService.maxThreads) ?? defaultLimit
            from = input.query(optional: "from")
        }
    }

    package struct Response: JSONResponse {
        let chunk: [[UInt8]]
        let nextBatch: String?

        package var expectedBytes: Int { chunk.reduce(200) { $0 + $1.count + 1 } }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("chunk")
                EventList(events: chunk).write(to: &json)
                json.field(optional: "next_batch", nextBatch)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        let readable = try await services.readableRoom(request.roomID, by: caller)
        let page = try await services.rooms.threads(
            of: readable, from: request.from, limit: request.limit, onlyOwn: request.onlyOwn)
        return Response(
            chunk: try await services.render(page.roots, in: readable, for: caller), nextBatch: page.next)
    }
}
