import Postgres

/// What a write that failed means for whoever wrote: services act on this, and know nothing of the database's errors.
package enum WriteFailure: Sendable {
    /// Something unique is there already. Nothing was written.
    case duplicate
    /// Nothing was written; trying again may help.
    case undone
    /// The connection broke before the answer: it was written or it was not.
    case unknown
    /// Nothing was written, and trying again does not help.
    case final

    package init(_ error: any Error) {
        guard let error = error as? PostgresError else {
            self = .final
            return
        }
        if error.isUniqueViolation {
            self = .duplicate
            return
        }
        switch error.mayRetry {
        case .safe: self = .undone
        case .unknown: self = .unknown
        case .never: self = .final
        }
    }
}
