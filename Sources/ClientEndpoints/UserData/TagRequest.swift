package import HTTPAPI
package import MatrixCore

/// A request about the caller's tags on a room.
package struct TagRequest: RequestDecodable {
    private let user: OwnUser
    let roomID: RoomID
    /// Empty where the path has none.
    let tag: String

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        user = try OwnUser(from: input)
        roomID = try input.path("roomId", RoomID.init)
        tag = try input.path(optional: "tag") ?? ""
    }

    /// - Throws: `M_FORBIDDEN` for somebody else's tags.
    func check(_ caller: LocalUser) throws(MatrixError) { try user.check(caller) }
}
