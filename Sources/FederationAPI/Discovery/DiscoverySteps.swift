package import HTTPAPI
package import MatrixCore

/// Where a server is found, and under which name it must prove to be it.
package struct DiscoveredServer: Sendable, Equatable {
    /// The name for the `Host` header, and for the certificate (without its port).
    package let name: ServerName
    /// Where to connect, in the order in which to try.
    package let destinations: [OutboundRequest.Destination]
    /// How long this may be taken for true.
    package let lifetime: Duration

    package init(name: ServerName, destinations: [OutboundRequest.Destination], lifetime: Duration) {
        self.name = name
        self.destinations = destinations
        self.lifetime = lifetime
    }
}

/// The algorithm of server discovery without its input and output: it says what to ask, is told the answer, and ends with
/// a server. It cannot fail, because the last resort is the name itself at the default port.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#server-discovery
package struct DiscoverySteps: Sendable {
    package static let defaultPort = 8448
    /// What needs no look-up changes only with DNS, which is asked at each connection.
    package static let fixedLifetime = Duration.seconds(24 * 3600)
    /// After an SRV look-up that failed, rather than found nothing.
    package static let uncertainLifetime = Duration.seconds(300)
    package static let serviceLifetimes = Duration.seconds(60)...Duration.seconds(24 * 3600)
    /// How many SRV targets are tried.
    package static let maximumDestinations = 8

    package enum Step: Sendable, Equatable {
        /// `https://<host>/.well-known/matrix/server`
        case askWellKnown(host: String)
        /// The SRV records of a name.
        case askServices(name: String)
        case found(DiscoveredServer)
    }

    private enum Service: String { case registered = "_matrix-fed._tcp.", deprecated = "_matrix._tcp." }

    /// The name whose turn it is: the server's, or the one that it delegates to.
    private var name: ServerName
    private var service = Service.registered
    private var lifetime = fixedLifetime

    package init(_ name: ServerName) { self.name = name }

    /// The first step.
    package func begin() -> Step {
        // Steps 1 and 2: an address, or a port that is given.
        direct() ?? .askWellKnown(host: name.host)
    }

    /// Step 3 (`delegated` is where the well-known file points) or 4 to 6 (nil: there is no such file).
    package mutating func answer(delegated: ServerName?, lifetime: Duration) -> Step {
        self.lifetime = lifetime
        if let delegated {
            name = delegated
            // Steps 3.1 and 3.2.
            if let step = direct() { return step }
        }
        // Steps 3.3 and 4.
        return .askServices(name: service.rawValue + name.host)
    }

    /// - Parameter services: in the order in which to try; nil when the look-up failed.
    package mutating func answer(services: [ServiceRecord]?) -> Step {
        let destinations = (services ?? []).compactMap(Self.destination).prefix(Self.maximumDestinations)
        if !destinations.isEmpty {
            let shortest = services?.map(\.lifetime).min() ?? lifetime
            let bounded = min(max(shortest, Self.serviceLifetimes.lowerBound), Self.serviceLifetimes.upperBound)
            return .found(
                DiscoveredServer(name: name, destinations: Array(destinations), lifetime: min(lifetime, bounded)))
        }
        if services == nil { lifetime = min(lifetime, Self.uncertainLifetime) }
        if service == .registered {
            // Steps 3.4 and 5.
            service = .deprecated
            return .askServices(name: service.rawValue + name.host)
        }
        // Steps 3.5 and 6.
        return found(port: Self.defaultPort)
    }

    /// Names that need no look-up but that of their address.
    private func direct() -> Step? {
        guard name.isIPLiteral || name.port != nil else { return nil }
        return found(port: name.port.map(Int.init) ?? Self.defaultPort)
    }

    private func found(port: Int) -> Step {
        let destination = OutboundRequest.Destination(host: name.host, port: port)
        return .found(DiscoveredServer(name: name, destinations: [destination], lifetime: lifetime))
    }

    /// A target that is no host name, or has no port, is nowhere.
    private static func destination(_ record: ServiceRecord) -> OutboundRequest.Destination? {
        let host = record.host.hasSuffix(".") ? String(record.host.dropLast()) : record.host
        guard record.port > 0, let name = ServerName(host), name.hostKind == .dns else { return nil }
        return OutboundRequest.Destination(host: host, port: Int(record.port))
    }
}
