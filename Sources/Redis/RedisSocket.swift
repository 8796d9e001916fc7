internal import Glibc
internal import Reactor

/// A connected, non-blocking socket; closed when it is let go.
final class RedisSocket: Sendable {
    let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects, trying every address of the name. Blocks: for a `BlockingThread`.
    static func connect(to endpoint: RedisConfiguration.Endpoint, timeout: Duration) -> Result<RedisSocket, Failure> {
        switch endpoint {
        case .unix(let path): return connect(path: path, timeout: timeout)
        case .tcp(let host, let port): return connect(host: host, port: port, timeout: timeout)
        }
    }

    struct Failure: Error { let reason: String }

    private static func connect(host: String, port: UInt16, timeout: Duration) -> Result<RedisSocket, Failure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else { return .failure(Failure(reason: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(found) }
        var failure = Failure(reason: "no address")
        var next = found
        while let address = next {
            switch connect(address.pointee.ai_family, address.pointee.ai_addr, address.pointee.ai_addrlen, timeout) {
            case .success(let socket):
                socket.set(Int32(IPPROTO_TCP), TCP_NODELAY)
                socket.set(SOL_SOCKET, SO_KEEPALIVE)
                return .success(socket)
            case .failure(let reason): failure = reason
            }
            next = address.pointee.ai_next
        }
        return .failure(failure)
    }

    private static func connect(path: String, timeout: Duration) -> Result<RedisSocket, Failure> {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { return .failure(Failure(reason: "the path is too long")) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size), timeout)
            }
        }
    }

    private static func connect(
        _ family: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t, _ timeout: Duration
    ) -> Result<RedisSocket, Failure> {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, kind, 0)
        guard descriptor >= 0 else { return .failure(Failure(errno)) }
        let socket = RedisSocket(descriptor: descriptor)
        if Glibc.connect(descriptor, address, length) == 0 { return .success(socket) }
        guard errno == EINPROGRESS else { return .failure(Failure(errno)) }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, timeout.clampedMilliseconds) == 1 else { return .failure(Failure(ETIMEDOUT)) }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? .success(socket) : .failure(Failure(code))
    }

    private func set(_ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}

extension RedisSocket.Failure {
    init(_ code: Int32) { reason = String(cString: strerror(code)) }
}
