package import MatrixCore

/// Errors that several services of accounts answer with.
extension MatrixError {
    package static var accountIsLocked: MatrixError {
        MatrixError(.userLocked, "This account has been locked", fields: ["soft_logout": true])
    }

    package static var accountIsSuspended: MatrixError {
        MatrixError(.userSuspended, "You cannot perform this action while suspended.")
    }

    static var userInUse: MatrixError { MatrixError(.userInUse, "The desired user id is already taken") }
}
