package import Directory
package import HTTPAPI
package import MatrixCore
import Rooms

/// What those outside of a room may know of it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias
/// - Errors: 404 `M_NOT_FOUND`, the same for a room of which the caller must not know.
package enum GetRoomSummary: Endpoint {
    package static let route = Route(
        "getRoomSummary", .get, "/_matrix/client/v1/room_summary/{roomIdOrAlias}",
        unstable: [
            "/_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}",
            "/_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary",
        ], rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        private static let maxServers = 20

        let room: RoomIDOrAlias
        let servers: [ServerName]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            room = try input.path("roomIdOrAlias", { RoomIDOrAlias($0) })
            servers = Array(try input.query(all: "via", { ServerName($0) }).prefix(Self.maxServers))
        }
    }

    package struct Response: JSONResponse {
        let summary: RoomSummary
        let membership: Membership?

        package func write(to json: inout JSONWriter) {
            json.object { json in
                summary.writeMembers(to: &json)
                json.field(optional: "membership", membership?.rawValue)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUserOrAnyone, with directory: RoomDirectory
    ) async throws -> Response {
        let (roomID, servers) = try await room(request, isKnown: caller.user != nil, directory)
        let found = try await directory.summary(of: roomID, via: servers, for: caller.user?.userNID)
        return Response(summary: found.summary, membership: found.membership)
    }

    private static func room(
        _ request: Request, isKnown: Bool, _ directory: RoomDirectory
    ) async throws -> (RoomID, [ServerName]) {
        switch request.room {
        case .id(let roomID): return (roomID, request.servers)
        case .alias(let alias):
            let resolved = isKnown ? try await directory.resolve(alias) : try await directory.resolveHere(alias)
            guard let resolved else { throw MatrixError(.notFound, "no such room, or you may not see it") }
            return (resolved.roomID, request.servers + resolved.servers.filter { !request.servers.contains($0) })
        }
    }
}
