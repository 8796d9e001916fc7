import HTTPAPI
import NIOSSL

/// How requests to elsewhere are made.
package struct OutboundConfiguration: Sendable {
    package var addressPolicy = AddressPolicy(allowsPrivateAddresses: false)
    /// PEM of certificate authorities that are trusted besides the system's.
    package var certificateAuthoritiesPath: String?
    package var verifiesTLS = true
    package var userAgent = "Apus"
    /// Requests under way, in all.
    package var maximumRequests = 512
    /// Connections that are kept for later, in all and to one destination.
    package var maximumIdleConnections = 256
    package var maximumIdleConnectionsPerDestination = 4
    package var idleTimeout = Duration.seconds(30)
    /// For each address that is tried.
    package var connectTimeout = Duration.seconds(10)
    /// How many addresses of one name are tried.
    package var maximumAddresses = 4

    package init() {}

    /// - Throws: what is wrong with the file of authorities.
    func tlsContext() throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        if !verifiesTLS { tls.certificateVerification = .none }
        if let path = certificateAuthoritiesPath {
            tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(path))]
        }
        return try NIOSSLContext(configuration: tls)
    }
}
