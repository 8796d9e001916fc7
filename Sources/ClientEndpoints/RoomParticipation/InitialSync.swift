import Directory
package import HTTPAPI
package import MatrixCore
import Sync

/// The caller's rooms, with their newest events and their state. Deprecated: sync does the same.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3initialsync
package enum InitialSync: Endpoint {
    package static let route = Route("initialSync", .get, "/_matrix/client/v3/initialSync")

    private static let maxLimit = 100

    package struct Request: RequestDecodable {
        let limit: Int
        let withLeft: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            limit = try input.query(number: "limit", in: 0...maxLimit) ?? EventStream.usualMessages
            withLeft = try input.query(flag: "archived")
        }
    }

    package struct Response: JSONResponse {
        let start: EventStream.Start

        package func write(to json: inout JSONWriter) { start.write(to: &json) }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EventStreamServices
    ) async throws -> Response {
        var start = try await services.stream.start(
            for: caller.streamReader, limit: request.limit, withLeft: request.withLeft)
        let published = try await services.directory.published(among: start.rooms.map(\.roomID))
        for index in start.rooms.indices {
            start.rooms[index].isPublished = published.contains(start.rooms[index].roomID)
        }
        return Response(start: start)
    }
}
