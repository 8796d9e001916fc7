import ApusTesting
import Glibc

/// A server that takes a connection and says nothing.
final class SilentServer: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        port = try freePort()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let listens = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 1) == 0
            }
        }
        guard listens else { throw TestingError("cannot listen: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Waits for a client, and for its first bytes; then ends the connection, and `told` just before. Blocks.
    func hangUpOnFirst(_ told: () -> Void) {
        let client = accept(descriptor, nil, nil)
        var byte: UInt8 = 0
        _ = recv(client, &byte, 1, 0)
        // Longer than a pool needs that does not wait.
        usleep(200_000)
        told()
        close(client)
    }
}
