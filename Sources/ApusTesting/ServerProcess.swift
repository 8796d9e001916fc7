internal import CLinux
internal import Glibc
internal import Reactor
internal import Synchronization

/// A server of a test's own, under a temporary directory: started, killed, started again, and gone at the end.
///
/// A shell waits beside it on a pipe that only this process holds open. When this process ends, however it ends, the
/// pipe closes, and the shell stops the server and removes the directory.
final class ServerProcess: Sendable {
    private struct State {
        var pid: pid_t?
        var watchdogPipe: Int32?
    }

    let directory: String
    private let arguments: [String]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - directory: of this server alone; it is removed with everything in it.
    ///   - arguments: the program and its arguments.
    init(directory: String, arguments: [String]) throws {
        self.directory = directory
        self.arguments = arguments
        try startWatchdog()
    }

    /// An empty directory that belongs to `user`, when there is one.
    static func makeDirectory(_ prefix: String, owner user: passwd? = nil) throws -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestingError("no temporary directory: errno \(errno)") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let user { chown(path, user.pw_uid, user.pw_gid) }
        return path
    }

    /// Runs a program to its end. Blocks no thread of the cooperative pool.
    static func run(_ arguments: [String], log: String) async throws {
        let pid = try spawn(arguments, log: log)
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        guard status == 0 else { throw TestingError("\(arguments[0]) failed; see \(log)") }
    }

    var pid: pid_t? { state.withLock(\.pid) }

    var isRunning: Bool {
        state.withLock { state in
            guard let pid = state.pid else { return false }
            return waitpid(pid, nil, WNOHANG) == 0
        }
    }

    func start() throws {
        let pid = try Self.spawn(arguments, log: "\(directory)/log")
        state.withLock { $0.pid = pid }
        try write("\(pid)\n", to: "\(directory)/pid")
    }

    /// Sends a signal and waits until the process is gone.
    func end(with signal: Int32) async throws {
        guard let pid else { return }
        kill(pid, signal)
        try await eventually("the end of process \(pid)") { waitpid(pid, nil, WNOHANG) != 0 }
        state.withLock { $0.pid = nil }
        unlink("\(directory)/pid")
    }

    /// Sends a signal and goes on.
    func send(_ signal: Int32) {
        if let pid { kill(pid, signal) }
    }

    /// Lets the shell remove the directory.
    func remove() {
        let pipe = state.withLock { state in
            defer { state.watchdogPipe = nil }
            return state.watchdogPipe
        }
        if let pipe { close(pipe) }
    }

    /// What the server wrote, for the message of a test that fails.
    var log: String {
        guard let file = fopen("\(directory)/log", "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private func startWatchdog() throws {
        var ends: [Int32] = [0, 0]
        let code = clinux_pipe(&ends)
        guard code == 0 else { throw TestingError("no pipe: errno \(-code)") }
        let script = """
            trap '' INT TERM HUP QUIT
            read nothing
            if pid=$(cat "$1/pid" 2>/dev/null); then
                kill -QUIT "$pid"
                for wait in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
                kill -KILL "$pid" 2>/dev/null
            fi
            sleep 0.1
            rm -rf "$1"
            """
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer {
            close(null)
            close(ends[0])
        }
        let watchdog = Self.withArguments(["/bin/sh", "-c", script, "watchdog", directory]) {
            clinux_spawn($0, ends[0], null)
        }
        guard watchdog > 0 else { throw TestingError("no shell: errno \(-watchdog)") }
        state.withLock { $0.watchdogPipe = ends[1] }
    }

    private static func spawn(_ arguments: [String], log: String) throws -> pid_t {
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw TestingError("cannot write \(log): errno \(errno)") }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(output)
            close(null)
        }
        let pid = withArguments(arguments) { clinux_spawn($0, null, output) }
        guard pid > 0 else { throw TestingError("cannot start \(arguments[0]): errno \(-pid)") }
        return pid
    }

    private static func withArguments(_ arguments: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Int32)
        -> Int32
    {
        let copies = arguments.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var pointers = copies.map { $0.map { UnsafePointer($0) } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw TestingError("cannot write \(path): errno \(errno)") }
        fputs(text, file)
        fclose(file)
    }
}
