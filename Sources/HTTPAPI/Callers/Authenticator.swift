package import HTTPTypes
package import MatrixCore

/// What is known of a request before its body is read, for those who find out who sent it.
package struct CallerRequest: Sendable {
    package let route: Route
    package let headers: HTTPFields
    package let clientAddress: String
    package let query: Query
    /// Path and query as they were sent: what a server's signature covers.
    package let target: String
    /// The body, where a signature covers it; nil when there is none.
    package let signedBody: JSONDocument?

    package init(
        route: Route, headers: HTTPFields, clientAddress: String, query: Query, target: String,
        signedBody: JSONDocument? = nil
    ) {
        self.route = route
        self.headers = headers
        self.clientAddress = clientAddress
        self.query = query
        self.target = target
        self.signedBody = signedBody
    }
}

/// Finds out who presents an access token.
package protocol UserAuthenticator: Sendable {
    /// The user that a token stands for, or that an application service acts as (`user_id` and `device_id` in the query).
    ///
    /// - Returns: nil when nobody has that token.
    /// - Throws: `MatrixError` when the token is known and must be refused all the same, such as `M_USER_LOCKED`.
    func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser?

    /// The application service whose token it is; nil when it is none's.
    func appService(presenting token: AccessToken, in request: CallerRequest) async throws -> AppService?
}

extension UserAuthenticator {
    package func appService(presenting token: AccessToken, in request: CallerRequest) async throws -> AppService? {
        nil
    }
}

/// Finds out which server signed a request.
package protocol ServerAuthenticator: Sendable {
    /// - Throws: `MatrixError`, a 401 when the signature is missing or wrong.
    func server(signing request: CallerRequest) async throws -> RemoteServer
}

/// Who may be asked about callers in a process. A process without clients has no `users`.
package struct Authenticators: Sendable {
    package let users: (any UserAuthenticator)?
    package let servers: (any ServerAuthenticator)?

    package init(users: (any UserAuthenticator)? = nil, servers: (any ServerAuthenticator)? = nil) {
        self.users = users
        self.servers = servers
    }
}
