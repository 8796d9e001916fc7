import HTTPAPI
import NIOCore

/// Who is at the other end of a connection, and for whom it may speak.
struct PeerAddress: Sendable {
    private let address: String
    private let isTrusted: Bool

    /// A peer on this machine or in a private network is a load balancer of ours: it may name the client.
    init(_ peer: SocketAddress?) {
        guard let peer, let text = peer.ipAddress, let parsed = IPAddress(text) else {
            address = ""
            isTrusted = true
            return
        }
        address = text
        isTrusted = parsed.isPrivateNetwork
    }

    /// - Parameter header: the last `X-Forwarded-For`. Its last entry is the proxy's own; those before are only claims.
    func client(forwardedFor header: String?) -> String {
        guard isTrusted, let header else { return address }
        let start = header.utf8.lastIndex(of: UInt8(ascii: ",")).map(header.utf8.index(after:)) ?? header.startIndex
        return IPAddress(header[start...].filter { $0 != " " })?.description ?? address
    }
}
