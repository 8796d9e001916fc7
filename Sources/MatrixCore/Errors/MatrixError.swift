/// What a server answers when it does not do what it was asked: the error that a client or another server may read.
///
/// It holds nothing that the caller must not know; causes belong in the log.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#standard-error-response
package struct MatrixError: Error, Equatable, Sendable {
    /// Nil only in a user-interactive challenge: there a 401 asks for more and refuses nothing.
    package let errcode: Errcode?
    /// The HTTP status, 300 to 599.
    package let status: Int
    /// For people. Clients must not depend on it.
    package let message: String
    /// Further members of the error's JSON object.
    package let fields: [String: JSONValue]
    /// When a retry may help; sent as `Retry-After` and as `retry_after_ms`.
    package let retryAfter: Duration?

    /// - Parameter status: the HTTP status when it is not the usual one of `errcode`.
    package init(
        _ errcode: Errcode, _ message: String, status: Int? = nil, fields: [String: JSONValue] = [:],
        retryAfter: Duration? = nil
    ) {
        self.init(
            errcode: errcode, status: status ?? errcode.usualStatus, message: message, fields: fields,
            retryAfter: retryAfter)
    }

    private init(errcode: Errcode?, status: Int, message: String, fields: [String: JSONValue], retryAfter: Duration?) {
        self.errcode = errcode
        self.status = status
        self.message = message
        self.fields = fields
        self.retryAfter = retryAfter
    }

    /// A 401 that asks for (more of) user-interactive authentication.
    package static func challenge(_ fields: [String: JSONValue], errcode: Errcode? = nil, message: String = "")
        -> MatrixError
    {
        MatrixError(errcode: errcode, status: 401, message: message, fields: fields, retryAfter: nil)
    }
}

extension MatrixError {
    package static func badJSON(_ message: String) -> MatrixError { MatrixError(.badJSON, message) }
    package static func forbidden(_ message: String) -> MatrixError { MatrixError(.forbidden, message) }
    package static func invalidParam(_ message: String) -> MatrixError { MatrixError(.invalidParam, message) }
    package static func missingParam(_ name: String) -> MatrixError {
        MatrixError(.missingParam, "Missing parameter: \(name)")
    }
    package static func notFound(_ message: String = "Not found") -> MatrixError { MatrixError(.notFound, message) }
    package static var missingToken: MatrixError { MatrixError(.missingToken, "Missing access token") }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#account-suspension
    package static var accountIsSuspended: MatrixError {
        MatrixError(.userSuspended, "You cannot perform this action while suspended.")
    }

    /// - Parameter softLogout: the device and its keys are still there; the client may log in again and keep them.
    package static func unknownToken(softLogout: Bool = false) -> MatrixError {
        MatrixError(.unknownToken, "Unrecognised access token", fields: softLogout ? ["soft_logout": true] : [:])
    }

    package static func limitExceeded(retryAfter: Duration) -> MatrixError {
        MatrixError(.limitExceeded, "Too many requests", retryAfter: retryAfter)
    }

    /// No endpoint has this path (404), or not with this method (405).
    package static func unrecognized(status: Int = 404) -> MatrixError {
        MatrixError(.unrecognized, "Unrecognised request", status: status)
    }

    /// What callers learn of an error that is ours.
    package static var internalError: MatrixError { MatrixError(.unknown, "Internal server error") }
}

/// An error of a domain that knows what callers are told of it.
///
/// Domain errors are small enums that conform beside their declaration; whatever conforms to nothing is answered with
/// `MatrixError.internalError`, and logged.
package protocol MatrixErrorRepresentable: Error {
    var matrixError: MatrixError { get }
}

extension MatrixError: MatrixErrorRepresentable {
    package var matrixError: MatrixError { self }
}

extension MatrixError: CustomStringConvertible {
    package var description: String { "\(errcode?.rawValue ?? "challenge") (\(status)): \(message)" }
}
