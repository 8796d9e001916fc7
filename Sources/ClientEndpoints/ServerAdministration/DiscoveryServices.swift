package import HTTPAPI
package import Rooms

/// What the server says about itself to whoever asks.
package struct DiscoveryServices: Sendable {
    /// Where clients find us; `nil` when the configuration does not say.
    package let publicBaseURL: String?
    /// The name of the version of new rooms.
    package let defaultRoomVersion: String
    package let delayedEvents: DelayedEvents.Limits
    /// Whether whoever leaves a room forgets it, too.
    package let forgetsOnLeave: Bool
    /// Whom people turn to; `nil` when the configuration names nobody.
    package var support: SupportInformation?
    /// The key of a policy server that has our name; `nil` when there is none.
    package var policyServerKey: String?

    package init(
        publicBaseURL: String?, defaultRoomVersion: String, delayedEvents: DelayedEvents.Limits, forgetsOnLeave: Bool
    ) {
        self.publicBaseURL = publicBaseURL
        self.defaultRoomVersion = defaultRoomVersion
        self.delayedEvents = delayedEvents
        self.forgetsOnLeave = forgetsOnLeave
    }

    /// Where other servers find us: the host and port of the base URL, the port always given, since without it they would
    /// look for another one.
    var federationAddress: String? {
        guard let publicBaseURL else { return nil }
        let isSecure = publicBaseURL.hasPrefix("https://")
        guard isSecure || publicBaseURL.hasPrefix("http://") else { return nil }
        let authority = publicBaseURL.dropFirst(isSecure ? 8 : 7).prefix { $0 != "/" }
        guard !authority.isEmpty else { return nil }
        // An IPv6 address has colons inside of its brackets.
        let afterHost = authority.lastIndex(of: "]").map { authority[$0...] } ?? authority
        return afterHost.contains(":") ? String(authority) : "\(authority):\(isSecure ? 443 : 80)"
    }
}

/// The endpoints that tell what the server is and can.
package enum DiscoveryEndpoints {
    package static let all: [any Endpoint<DiscoveryServices>.Type] = [
        GetVersions.self, GetCapabilities.self, GetWellKnown.self, GetWellKnownServer.self, GetWellknownSupport.self,
        GetWellknownPolicy.self,
    ]
}
