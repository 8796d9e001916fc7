package import MatrixCore

/// A user of this server, with the device that the request comes from.
package struct LocalUser: Caller {
    package static let kind = CallerKind.localUser

    package let userID: UserID
    package let userNID: UserNID
    /// Nil when an application service acts as the user without naming a device.
    package let deviceID: String?
    /// The number of the access token; nil for an application service's.
    package let tokenID: Int64?
    package let isGuest: Bool
    package let isAdministrator: Bool
    /// A suspended user may only do a few things.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#account-suspension
    package let isSuspended: Bool
    /// The application service that acts as this user, if one does.
    package let appService: AppService?
    package let clientAddress: String

    package init(
        userID: UserID, userNID: UserNID, deviceID: String?, tokenID: Int64?, isGuest: Bool = false,
        isAdministrator: Bool = false, isSuspended: Bool = false, appService: AppService? = nil,
        clientAddress: String = ""
    ) {
        self.userID = userID
        self.userNID = userNID
        self.deviceID = deviceID
        self.tokenID = tokenID
        self.isGuest = isGuest
        self.isAdministrator = isAdministrator
        self.isSuspended = isSuspended
        self.appService = appService
        self.clientAddress = clientAddress
    }

    package static func identify(
        _ request: CallerRequest, with authenticators: Authenticators
    ) async throws -> LocalUser {
        guard let token = try AccessToken.presented(headers: request.headers, query: request.query) else {
            throw MatrixError.missingToken
        }
        return try await identify(token, request, authenticators)
    }

    static func identify(
        _ token: AccessToken, _ request: CallerRequest, _ authenticators: Authenticators
    ) async throws -> LocalUser {
        guard let user = try await authenticators.users?.user(presenting: token, in: request) else {
            throw MatrixError.unknownToken()
        }
        guard !user.isGuest || request.route.allowsGuests else {
            throw MatrixError(.guestAccessForbidden, "Guests may not do this")
        }
        guard !user.isSuspended || request.route.allowsSuspended else { throw MatrixError.accountIsSuspended }
        return user
    }

    package var rateLimitSubject: RateLimitSubject? {
        if let appService { appService.isRateLimited ? .user(userID) : nil } else { .user(userID) }
    }
}

/// A local user if the request has an access token, else whoever it is.
package enum LocalUserOrAnyone: Caller {
    case user(LocalUser)
    case anyone(Anyone)

    package static let kind = CallerKind.localUserOrAnyone

    package var user: LocalUser? { if case .user(let user) = self { user } else { nil } }

    package static func identify(
        _ request: CallerRequest, with authenticators: Authenticators
    ) async throws -> LocalUserOrAnyone {
        guard let token = try AccessToken.presented(headers: request.headers, query: request.query) else {
            return .anyone(Anyone(clientAddress: request.clientAddress))
        }
        return .user(try await LocalUser.identify(token, request, authenticators))
    }

    package var rateLimitSubject: RateLimitSubject? {
        switch self {
        case .user(let user): user.rateLimitSubject
        case .anyone(let anyone): anyone.rateLimitSubject
        }
    }
}

/// A local user who runs the server.
package struct Administrator: Caller {
    package static let kind = CallerKind.administrator
    package let user: LocalUser

    package static func identify(
        _ request: CallerRequest, with authenticators: Authenticators
    ) async throws -> Administrator {
        let user = try await LocalUser.identify(request, with: authenticators)
        guard user.isAdministrator else { throw MatrixError.forbidden("You are not a server administrator") }
        return Administrator(user: user)
    }

    package var rateLimitSubject: RateLimitSubject? { nil }
}
