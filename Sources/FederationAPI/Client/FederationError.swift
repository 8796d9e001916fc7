package import HTTPAPI
package import MatrixCore

/// Why another server did not do what we asked.
package enum FederationError: Error, Equatable, Sendable {
    /// The operator does not let us talk to it.
    case notAllowed
    case unreachable(OutboundError)
    /// It answered with an error. The message is its own, cut short; so is the version of the room that we do not have.
    case refused(status: Int, errcode: String?, message: String, roomVersion: String? = nil, retryAfter: Duration?)
    /// It answered with something that is not what was asked for.
    case malformed(String)

    /// Whether the server itself is in trouble, so that nothing else needs to be tried there for a while. A refusal of one
    /// request says nothing about the next.
    package var isServerDown: Bool {
        switch self {
        case .notAllowed, .malformed: false
        case .unreachable(let error): error != .responseTooLarge && error != .overloaded
        case .refused(let status, _, _, _, _): status >= 500 || status == 429
        }
    }
}

extension FederationError: MatrixErrorRepresentable {
    /// Codes that mean the same to the client as they do to us. Others would say something of *our* server that is only
    /// true of the other: passing on an `M_UNKNOWN_TOKEN` would log the client out (GHSA-95fh-hv8c-chvq).
    private static let passedOn: Set<Errcode> = [
        .forbidden, .notFound, .unableToAuthoriseJoin, .unableToGrantJoin, .incompatibleRoomVersion,
        .unsupportedRoomVersion, .inviteBlocked, .badState,
    ]

    package var matrixError: MatrixError {
        switch self {
        case .notAllowed: .forbidden("Federation with this server is not allowed")
        case .unreachable(.timedOut): MatrixError(.unknown, "The other server did not answer in time", status: 504)
        case .unreachable: MatrixError(.unknown, "The other server cannot be reached", status: 502)
        case .malformed: MatrixError(.unknown, "The other server gave no sensible answer", status: 502)
        case .refused(_, let code, let message, let roomVersion, _):
            if let errcode = code.flatMap(Errcode.init(rawValue:)), Self.passedOn.contains(errcode) {
                MatrixError(errcode, message, fields: roomVersion.map { ["room_version": .string($0)] } ?? [:])
            } else {
                MatrixError(.unknown, "The other server refused", status: 502)
            }
        }
    }
}
