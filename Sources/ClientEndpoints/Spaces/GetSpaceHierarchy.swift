import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// A part of a space: the rooms in it, in the rooms in it, and so on.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy
/// - Errors: 403 `M_FORBIDDEN` for a space of which the caller must not know; 400 `M_INVALID_PARAM` for a token that is not this
///   walk's.
package enum GetSpaceHierarchy: Endpoint {
    package static let route = Route(
        "getSpaceHierarchy", .get, "/_matrix/client/v1/rooms/{roomId}/hierarchy",
        unstable: ["/_matrix/client/unstable/org.matrix.msc2946/rooms/{roomId}/hierarchy"], rateLimit: .requests,
        guests: true)

    package struct Request: RequestDecodable {
        private static let maxServers = 20
        private static let largestNumber = 100_000

        let query: HierarchyQuery

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            var query = HierarchyQuery(roomID: try input.path("roomId", { RoomID($0) }))
            query.isSuggestedOnly = try input.query(flag: "suggested_only")
            query.limit = try input.query(number: "limit", in: 1...Self.largestNumber)
            query.maxDepth = try input.query(number: "max_depth", in: 0...Self.largestNumber)
            query.from = input.query(optional: "from")
            query.servers = Array(try input.query(all: "via", { ServerName($0) }).prefix(Self.maxServers))
            self.query = query
        }
    }

    package struct Response: JSONResponse {
        let page: HierarchyPage

        package var expectedBytes: Int {
            page.rooms.reduce(100) { $0 + 800 + $1.children.reduce(0) { $0 + $1.json.count } }
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.array(key: "rooms") { json in for room in page.rooms { room.write(to: &json) } }
                json.field(optional: "next_batch", page.nextBatch)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SpaceServices
    ) async throws -> Response {
        let user = try await services.rooms.user(caller.userNID)
        return Response(page: try await services.hierarchies.page(request.query, for: user))
    }
}
