/// The methods that endpoints have. `HEAD` and `OPTIONS` are answered for all of them by the router.
package enum RouteMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// Where an endpoint is found and how its requests are treated before it sees them.
package struct Route: Sendable {
    /// What the endpoint takes as a body.
    package enum Body: Sendable, Equatable {
        /// A JSON object of at most so many bytes, read before the endpoint runs.
        case json(maximumBytes: Int)
        /// The fields of an HTML form, of at most so many bytes, read before the endpoint runs.
        case form(maximumBytes: Int)
        /// Any bytes. The endpoint reads them as they arrive, and bounds them.
        case stream

        /// Enough for an event of 65,536 bytes however it is escaped, and for everything that clients send usually.
        package static let json = Body.json(maximumBytes: 1 << 20)
        /// For key backups and transactions of other servers (50 events and 100 ephemeral ones).
        package static let largeJSON = Body.json(maximumBytes: 16 << 20)
        /// What people type into a page.
        package static let form = Body.form(maximumBytes: 1 << 16)
    }

    /// The operation's name in the specification; it names logs and metrics.
    package let operation: String
    package let method: RouteMethod
    /// The first is the one in the specification.
    package let paths: [PathPattern]
    package let rateLimit: RateLimitClass?
    package let body: Body
    /// Whether guest accounts may call it.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#guest-access
    package let allowsGuests: Bool
    /// Whether accounts that are suspended may call it. Where that depends on the request, the endpoint decides.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#account-suspension
    package let allowsSuspended: Bool

    /// - Parameters:
    ///   - paths: as the specification has them. `r0` paths of the client and media APIs come by themselves.
    ///   - guests: whether guest accounts may call it.
    ///   - suspended: whether suspended accounts may call it.
    ///   - unstable: further paths, from before the endpoint was in the specification.
    package init(
        _ operation: String, _ method: RouteMethod, _ paths: String..., unstable: [String] = [],
        rateLimit: RateLimitClass? = nil, body: Body = .json, guests: Bool = false,
        suspended: Bool = true
    ) {
        self.operation = operation
        self.method = method
        self.rateLimit = rateLimit
        self.body = body
        allowsGuests = guests
        allowsSuspended = suspended
        var patterns: [PathPattern] = []
        for path in paths + unstable + paths.flatMap(Self.legacyPaths) {
            let pattern = PathPattern(path)
            if !patterns.contains(pattern) { patterns.append(pattern) }
        }
        self.paths = patterns
    }

    /// The paths under which older programs know a path of the specification.
    private static func legacyPaths(of path: String) -> [String] {
        let aliases: [(current: String, legacy: [String])] = [
            ("/_matrix/client/v3/", ["/_matrix/client/r0/"]),
            ("/_matrix/media/v3/", ["/_matrix/media/r0/", "/_matrix/media/v1/"]),
        ]
        return aliases.filter { path.hasPrefix($0.current) }.flatMap { alias in
            alias.legacy.map { $0 + path.dropFirst(alias.current.count) }
        }
    }
}
