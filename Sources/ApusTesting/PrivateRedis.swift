internal import Glibc

/// A Redis server of a test's own, on a free port of the loopback interface and on a socket. It stores nothing.
package final class PrivateRedis: Sendable {
    package let port: UInt16
    private let process: ServerProcess

    /// - Parameter arguments: further ones, for instance `["--requirepass", "secret"]`.
    package static func start(arguments: [String] = []) async throws -> PrivateRedis {
        let directory = try ServerProcess.makeDirectory("apus-redis")
        let port = try freePort()
        let server = try PrivateRedis(port: port, directory: directory, arguments: arguments)
        try await server.startAgain()
        return server
    }

    private init(port: UInt16, directory: String, arguments: [String]) throws {
        self.port = port
        let program = [
            "redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--unixsocket", "\(directory)/socket", "--dir",
            directory, "--save", "", "--appendonly", "no", "--daemonize", "no",
        ]
        process = try ServerProcess(directory: directory, arguments: program + arguments)
    }

    package var url: String { "redis://127.0.0.1:\(port)/0" }
    package var socketURL: String { "unix://\(process.directory)/socket" }

    package func kill() async throws { try await process.end(with: SIGKILL) }

    /// Starts the server on the same port, and waits until it listens.
    package func startAgain() async throws {
        unlink("\(process.directory)/socket")
        try process.start()
        try await eventually("Redis listening") {
            guard process.isRunning else { throw TestingError("Redis does not start: \(process.log)") }
            return access("\(process.directory)/socket", F_OK) == 0
        }
    }

    /// Suspends the server: it is there, and silent.
    package func freeze() { process.send(SIGSTOP) }
    package func thaw() { process.send(SIGCONT) }

    /// Stops the server and removes its directory.
    package func remove() async throws {
        try await process.end(with: SIGTERM)
        process.remove()
    }
}
