import MatrixCore

/// A host and port that a DNS SRV record names.
package struct ServiceRecord: Hashable, Sendable {
    package let priority: UInt16
    package let weight: UInt16
    package let host: String
    package let port: UInt16
    /// How long the answer may be kept.
    package let lifetime: Duration

    package init(priority: UInt16, weight: UInt16, host: String, port: UInt16, lifetime: Duration) {
        self.priority = priority
        self.weight = weight
        self.host = host
        self.port = port
        self.lifetime = lifetime
    }
}

/// Looks names up. "There is no such name" is an empty answer, not an error.
package protocol NameResolver: Sendable {
    /// The addresses of a host, in the order in which to try them.
    func addresses(of host: String) async throws(ResolverError) -> [IPAddress]

    /// The SRV records of a service such as `_matrix-fed._tcp.example.org`.
    ///
    /// A single record with the host `.` says that the service is decidedly not there; it is left out of the answer.
    func services(_ name: String) async throws(ResolverError) -> [ServiceRecord]
}

/// A lookup that gave no answer, not even "there is none". A retry may help.
package enum ResolverError: Error, Equatable, Sendable {
    case serverFailure
    /// More lookups are waiting than are kept waiting.
    case overloaded
    /// The name cannot be looked up at all.
    case malformedName
}
