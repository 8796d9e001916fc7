import Directory
package import HTTPAPI
package import MatrixCore

/// A space of ours and the rooms in it.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1hierarchyroomid
/// - Errors: 404 `M_NOT_FOUND` for a room that we are not in, or of which nobody there may know.
package enum GetSpaceHierarchy: Endpoint {
    package static let route = Route(
        "getSpaceHierarchy", .get, "/_matrix/federation/v1/hierarchy/{roomId}",
        unstable: ["/_matrix/federation/unstable/org.matrix.msc2946/hierarchy/{roomId}"], rateLimit: .federation)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let isSuggestedOnly: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            isSuggestedOnly = try input.query(flag: "suggested_only")
        }
    }

    package struct Response: JSONResponse {
        let hierarchy: ServedHierarchy

        package var expectedBytes: Int {
            hierarchy.room.children.reduce(1_000 + hierarchy.children.count * 600) { $0 + $1.json.count }
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.array(key: "children") { json in
                    for child in hierarchy.children { json.object { child.writeMembers(to: &$0) } }
                }
                json.field("inaccessible_children", strings: hierarchy.inaccessible.map(\.description))
                json.key("room")
                hierarchy.room.write(to: &json)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: QueryServices
    ) async throws -> Response {
        let hierarchies = ServerHierarchies(directory: services.directory)
        guard
            let found = try await hierarchies.hierarchy(
                of: request.roomID, for: caller.serverName, suggestedOnly: request.isSuggestedOnly)
        else { throw MatrixError.notFound("Room does not exist") }
        return Response(hierarchy: found)
    }
}
