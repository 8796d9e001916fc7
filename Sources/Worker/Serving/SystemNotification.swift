import Glibc
import Synchronization

/// Tells the service manager that the process is ready, once all of its listeners are open.
///
/// - Spec: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
final class SystemNotification: Sendable {
    private let missing: Mutex<Int>
    private let socketPath: String?

    init(listeners: Int, socketPath: String?) {
        missing = Mutex(listeners)
        self.socketPath = socketPath
    }

    /// To be called when a listener is open.
    func listenerIsOpen() {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isLast, let socketPath { Self.send("READY=1", to: socketPath) }
    }

    private static func send(_ message: String, to path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // An abstract socket is written with an @ where its name has a NUL.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, message, message.utf8.count, 0, address, length)
            }
        }
    }
}
