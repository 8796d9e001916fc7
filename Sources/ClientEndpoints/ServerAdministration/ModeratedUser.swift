package import HTTPAPI
package import MatrixCore

/// The user whose account an administrator asks about.
package struct ModeratedUser: RequestDecodable {
    let userID: UserID

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        userID = try input.path("userId", UserID.init)
    }
}
