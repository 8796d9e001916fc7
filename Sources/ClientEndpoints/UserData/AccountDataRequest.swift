package import HTTPAPI
package import MatrixCore

/// A request about one type of the caller's account data, global or of a room.
package struct AccountDataRequest: RequestDecodable {
    private let user: OwnUser
    let type: String
    /// `nil` for global data.
    let roomID: RoomID?

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        user = try OwnUser(from: input)
        type = try input.path("type")
        guard let text = try input.path(optional: "roomId") else {
            roomID = nil
            return
        }
        guard let roomID = RoomID(text) else { throw .invalidParam("roomId is not valid") }
        self.roomID = roomID
    }

    /// - Throws: `M_FORBIDDEN` for somebody else's data.
    func check(_ caller: LocalUser) throws(MatrixError) { try user.check(caller) }
}

/// The same, with what is to be stored.
package struct NewAccountDataRequest: RequestDecodable {
    let target: AccountDataRequest
    let content: JSONView

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        target = try AccountDataRequest(from: input)
        content = try input.body().root
    }
}
