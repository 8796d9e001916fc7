package import MatrixCore

/// Errors that several services of accounts answer with.
extension MatrixError {
    package static var accountIsLocked: MatrixError {
        MatrixError(.userLocked, "This account has been locked", fields: ["soft_logout": true])
    }

    static var userInUse: MatrixError { MatrixError(.userInUse, "The desired user id is already taken") }
}
