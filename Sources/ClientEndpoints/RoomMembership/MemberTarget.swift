package import HTTPAPI
package import MatrixCore

/// A room, somebody whose membership of it changes, and why.
package struct MemberTarget: RequestDecodable {
    let roomID: RoomID
    let target: UserID
    let reason: String?

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        target = try input.body("user_id", { UserID($0) })
        reason = try input.body(optional: "reason")
    }
}
