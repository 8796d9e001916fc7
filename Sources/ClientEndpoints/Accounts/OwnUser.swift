import HTTPAPI
import MatrixCore

/// The `{userId}` of paths below `/user/`: always the caller.
struct OwnUser {
    private let userID: UserID

    init(from input: borrowing RequestInput) throws(MatrixError) {
        userID = try input.path("userId", UserID.init)
    }

    /// - Throws: `M_FORBIDDEN` for somebody else.
    func check(_ caller: LocalUser) throws(MatrixError) {
        guard caller.userID == userID else { throw .forbidden("This belongs to another user") }
    }
}
