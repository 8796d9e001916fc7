import Directory
import HTTPAPI
package import MatrixCore

/// A page of the public rooms of this server, for other servers.
package struct PublicRoomList: JSONResponse {
    let page: PublicRoomPage

    package var expectedBytes: Int { page.rooms.count * 400 + 100 }

    package func write(to json: inout JSONWriter) { page.write(to: &json) }

    /// - Throws: 403 `M_FORBIDDEN` when the list is not for other servers.
    static func read(_ query: PublicRoomQuery, with services: QueryServices) async throws -> PublicRoomList {
        guard services.sharesPublicRooms else {
            throw MatrixError.forbidden("This server does not share its public rooms")
        }
        return PublicRoomList(page: try await services.directory.publicRooms(query))
    }
}
