package import HTTPAPI

/// Which addresses we connect to on behalf of strangers.
///
/// It judges the address that a connection is then made to, after any name was looked up and again at every redirect, so
/// that a name which changes its mind (DNS rebinding) gains nothing.
package struct AddressPolicy: Sendable {
    package let allowsPrivateAddresses: Bool
    private let exceptions: Set<IPAddress>

    /// - Parameters:
    ///   - allowsPrivateAddresses: everything may be reached: for tests.
    ///   - exceptions: addresses that may be reached though they are not public.
    package init(allowsPrivateAddresses: Bool, exceptions: Set<IPAddress> = []) {
        self.allowsPrivateAddresses = allowsPrivateAddresses
        self.exceptions = exceptions
    }

    package func allows(_ address: IPAddress) -> Bool {
        allowsPrivateAddresses || address.isPublic || exceptions.contains(address)
    }
}

extension IPAddress {
    /// Whether this is an ordinary address of the internet: none of the special purpose registries', and for IPv6 within
    /// the global unicast block. What an address embeds is judged too.
    ///
    /// - Spec: https://www.iana.org/assignments/iana-ipv4-special-registry/
    /// - Spec: https://www.iana.org/assignments/iana-ipv6-special-registry/
    package var isPublic: Bool {
        if isIPv4 { return !SpecialBlocks.ipv4.contains { $0.contains(self) } }
        if let embeddedIPv4 { return embeddedIPv4.isPublic }
        return SpecialBlocks.globalUnicast.contains { $0.contains(self) }
            && !SpecialBlocks.ipv6.contains { $0.contains(self) }
    }

    /// Whether this is an address of this machine or of a private network.
    package var isPrivateNetwork: Bool {
        if let embeddedIPv4 { return embeddedIPv4.isPrivateNetwork }
        return SpecialBlocks.privateNetworks.contains { $0.contains(self) }
    }
}

private enum SpecialBlocks {
    static let ipv4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap(AddressBlock.init)

    static let globalUnicast = ["2000::/3"].compactMap(AddressBlock.init)

    static let ipv6 = [
        // Teredo, benchmarking, ORCHID and others; documentation.
        "2001::/23", "2001:db8::/32", "3fff::/20",
    ].compactMap(AddressBlock.init)

    static let privateNetworks = [
        "10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "::1/128",
        "fc00::/7", "fe80::/10",
    ].compactMap(AddressBlock.init)
}
