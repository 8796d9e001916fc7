package import HTTPAPI
package import MatrixCore

/// A thread of a room.
package struct ThreadRequest: RequestDecodable {
    static let stablePath = "/_matrix/client/v1/rooms/{roomId}/thread/{eventId}/subscription"
    static let unstablePath =
        "/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{eventId}/subscription"

    let roomID: RoomID
    let root: EventID

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        root = try input.path("eventId", { EventID($0) })
    }
}
