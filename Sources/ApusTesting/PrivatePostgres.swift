internal import CPostgres
internal import Glibc

/// A PostgreSQL server of a test's own, on a free port of the loopback interface.
///
/// Commits survive `kill()`, as they would on a real server; only a crash of the machine would lose them, because
/// nothing is synced to the disk.
package final class PrivatePostgres: Sendable {
    package let port: UInt16
    private let process: ServerProcess

    /// Makes a database cluster and starts it: takes a few seconds.
    package static func start() async throws -> PrivatePostgres {
        let account = serverAccount
        let directory = try ServerProcess.makeDirectory("apus-postgres", owner: account)
        let binaries = try binaryDirectory()
        let prefix = account == nil ? [] : ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        let data = "\(directory)/data"
        let initialise =
            prefix + [
                "\(binaries)/initdb", "--pgdata=\(data)", "--username=postgres", "--auth=trust", "--encoding=UTF8",
                "--locale=C", "--no-sync", "--no-instructions",
            ]
        try await ServerProcess.run(initialise, log: "\(directory)/initdb.log")
        let port = try freePort()
        let settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(directory)", "fsync=off",
            "full_page_writes=off", "max_connections=500", "shared_buffers=64MB", "wal_level=minimal",
            "max_wal_senders=0", "log_min_messages=fatal",
        ]
        let arguments = prefix + ["\(binaries)/postgres", "-D", data] + settings.flatMap { ["-c", $0] }
        let server = try PrivatePostgres(port: port, directory: directory, arguments: arguments)
        try await server.startAgain()
        return server
    }

    private init(port: UInt16, directory: String, arguments: [String]) throws {
        self.port = port
        process = try ServerProcess(directory: directory, arguments: arguments)
    }

    /// Of the maintenance database, as the superuser.
    package var url: String { url(database: "postgres") }

    package func url(database: String) -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }

    /// Kills the server and its sessions on the spot.
    package func kill() async throws {
        // The postmaster first, so that it starts no recovery; its sessions would otherwise finish what they do.
        let sessions = process.pid.map(Self.children) ?? []
        process.send(SIGKILL)
        for session in sessions { Glibc.kill(session, SIGKILL) }
        try await process.end(with: SIGKILL)
    }

    /// Starts the server on the same port after `kill` or `stop`, and waits until it answers.
    package func startAgain() async throws {
        // After a kill the shared memory may be in use until the last session has noticed.
        for _ in 0..<50 {
            try process.start()
            if try await answers() { return }
        }
        throw TestingError("Postgres does not start: \(process.log)")
    }

    /// Ends sessions with an error and the server in good order.
    package func stop() async throws { try await process.end(with: SIGINT) }

    /// Suspends every process of the server: it is there, and silent.
    package func freeze() { signalAll(SIGSTOP) }
    package func thaw() { signalAll(SIGCONT) }

    /// Stops the server and removes its directory.
    package func remove() async throws {
        try await process.end(with: SIGQUIT)
        process.remove()
    }

    private func answers() async throws -> Bool {
        while process.isRunning {
            if PQping(url) == PQPING_OK { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await Task.sleep(for: .milliseconds(100))
        return false
    }

    private func signalAll(_ signal: Int32) {
        guard let pid = process.pid else { return }
        for process in [pid] + Self.children(of: pid) { Glibc.kill(process, signal) }
    }

    private static func children(of pid: pid_t) -> [pid_t] {
        guard let file = fopen("/proc/\(pid)/task/\(pid)/children", "r") else { return [] }
        defer { fclose(file) }
        var found: [pid_t] = []
        while true {
            var child: pid_t = 0
            guard withUnsafeMutablePointer(to: &child, { withVaList([$0]) { vfscanf(file, "%d", $0) } }) == 1 else {
                return found
            }
            found.append(child)
        }
    }

    /// The account for a server that refuses to run as root; nil when we are not root.
    private static var serverAccount: passwd? {
        guard geteuid() == 0 else { return nil }
        return getpwnam("postgres")?.pointee
    }

    private static func binaryDirectory() throws -> String {
        let packaged = (12...30).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        for directory in path.split(separator: ":").map(String.init) + packaged
        where access("\(directory)/initdb", X_OK) == 0 {
            return directory
        }
        throw TestingError("PostgreSQL's initdb is not installed")
    }
}
