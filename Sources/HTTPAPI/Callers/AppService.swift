package import MatrixCore

/// An application service that speaks for itself.
///
/// - Spec: https://spec.matrix.org/v1.19/application-service-api/
package struct AppService: Caller, Equatable {
    package static let kind = CallerKind.appService

    /// The id in its registration.
    package let id: String
    /// The user that it is when it acts as nobody else.
    package let senderUserID: UserID
    package let isRateLimited: Bool

    package init(id: String, senderUserID: UserID, isRateLimited: Bool) {
        self.id = id
        self.senderUserID = senderUserID
        self.isRateLimited = isRateLimited
    }

    package static func identify(
        _ request: CallerRequest, with authenticators: Authenticators
    ) async throws -> AppService {
        guard let token = try AccessToken.presented(headers: request.headers, query: request.query) else {
            throw MatrixError.missingToken
        }
        if let service = try await authenticators.users?.appService(presenting: token, in: request) { return service }
        throw MatrixError.unknownToken()
    }

    package var rateLimitSubject: RateLimitSubject? { isRateLimited ? .user(senderUserID) : nil }
}

/// A local user, or an application service that does not act as one.
package enum LocalUserOrAppService: Caller {
    case user(LocalUser)
    case appService(AppService)

    package static let kind = CallerKind.localUserOrAppService

    package static func identify(
        _ request: CallerRequest, with authenticators: Authenticators
    ) async throws -> LocalUserOrAppService {
        guard let token = try AccessToken.presented(headers: request.headers, query: request.query) else {
            throw MatrixError.missingToken
        }
        if let service = try await authenticators.users?.appService(presenting: token, in: request) {
            return .appService(service)
        }
        return .user(try await LocalUser.identify(token, request, authenticators))
    }

    package var rateLimitSubject: RateLimitSubject? {
        switch self {
        case .user(let user): user.rateLimitSubject
        case .appService(let service): service.rateLimitSubject
        }
    }
}
