package import HTTPAPI
package import MatrixCore

/// A room, and why the caller's own membership of it changes.
package struct RoomAndReason: RequestDecodable {
    let roomID: RoomID
    let reason: String?

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        reason = try input.body(optional: "reason")
    }
}
