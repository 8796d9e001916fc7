import MatrixCore

/// The kinds of caller, as data: tests compare them with what the specification says of each operation.
package enum CallerKind: String, Sendable, CaseIterable {
    case anyone
    case localUser
    case localUserOrAnyone
    case localUserOrAppService
    case appService
    case remoteServer
    case administrator
}

/// Who calls an endpoint. An endpoint names the type, and so cannot ask a caller for what that kind of caller does not have.
package protocol Caller: Sendable {
    static var kind: CallerKind { get }

    /// Finds out who sent a request.
    ///
    /// - Throws: `MatrixError` when it is not somebody of this kind.
    static func identify(_ request: CallerRequest, with authenticators: Authenticators) async throws -> Self

    /// Whose budget the request is taken from; nil for those without limit.
    var rateLimitSubject: RateLimitSubject? { get }
}

extension Caller {
    /// Whether the body must have been read to know who calls.
    static var needsBody: Bool { kind == .remoteServer }
}

/// Whoever it is.
package struct Anyone: Caller {
    package static let kind = CallerKind.anyone
    package let clientAddress: String

    package init(clientAddress: String) { self.clientAddress = clientAddress }

    package static func identify(_ request: CallerRequest, with authenticators: Authenticators) -> Anyone {
        Anyone(clientAddress: request.clientAddress)
    }

    package var rateLimitSubject: RateLimitSubject? { .address(clientAddress) }
}
