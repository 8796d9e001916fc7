package import HTTPAPI
package import MatrixCore
import Rooms

/// A room that the caller wants to get into, servers through which that may go, and what the member event says.
package struct RoomEntry: RequestDecodable {
    let room: RoomIDOrAlias
    let servers: [ServerName]
    let details: RoomService.MembershipDetails
    let proof: ThirdPartySigned?

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        room = try input.path("roomIdOrAlias", { RoomIDOrAlias($0) })
        servers = try input.query(all: "via", { ServerName($0) }) + input.query(all: "server_name", { ServerName($0) })
        details = try RoomService.MembershipDetails(entering: input)
        proof = try ThirdPartySigned(input.fields())
    }
}
