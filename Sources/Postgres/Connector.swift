internal import CPostgres
internal import Reactor

/// Owner of a `PGconn`.
final class ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQfinish(pointer) }

    /// libpq's complaint about the last thing that went wrong, on one line. Never holds the password.
    var complaint: String {
        String(cString: PQerrorMessage(pointer)).split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// Opens connections, each attempt on a thread of its own: libpq resolves names and does its handshakes blocking.
struct Connector: Sendable {
    enum Outcome: Sendable {
        case connected(ConnectionHandle)
        case failed(reason: String)
    }

    /// A peer that vanished without a word is noticed after about this long.
    private static let keepalives = [
        ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "20000"),
    ]

    private let parameters: [(keyword: String, value: String)]?

    init(_ configuration: PostgresConfiguration) {
        guard let given = Self.parse(configuration.conninfo) else {
            parameters = nil
            return
        }
        let options = [given["options"] ?? "", Self.sessionOptions(configuration)].joined(separator: " ")
        let seconds = max(2, configuration.connectTimeout.components.seconds)
        // Of equal keywords the last one counts, so what comes before `dbname` can be changed by the configured text.
        parameters =
            Self.keepalives + [("dbname", configuration.conninfo)] + [
                ("options", options), ("connect_timeout", String(seconds)), ("client_encoding", "UTF8"),
                ("application_name", configuration.applicationName),
            ]
    }

    /// What is wrong with a connection string; nil when it can be used. Never quotes it: it may hold a password.
    static func problem(with conninfo: String) -> String? {
        parse(conninfo) == nil ? "is neither a PostgreSQL URL nor libpq keywords" : nil
    }

    func connect(on reactor: Reactor, then done: @escaping @Sendable (Outcome, ReactorLoop) -> Void) {
        let started = BlockingThread.run {
            let outcome = connectBlocking()
            reactor.submit { done(outcome, $0) }
        }
        if !started { reactor.submit { done(.failed(reason: "the system gives no thread"), $0) } }
    }

    private func connectBlocking() -> Outcome {
        guard let parameters else { return .failed(reason: "the connection string cannot be parsed") }
        let connected = withCStrings(parameters.map(\.keyword)) { keywords in
            withCStrings(parameters.map(\.value)) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let connected else { return .failed(reason: "out of memory") }
        let handle = ConnectionHandle(connected)
        guard PQstatus(connected) == CONNECTION_OK else { return .failed(reason: handle.complaint) }
        // The default processor writes to standard error, where the log's lines go.
        PQsetNoticeProcessor(connected, { _, _ in }, nil)
        guard PQsetnonblocking(connected, 1) == 0, PQenterPipelineMode(connected) == 1 else {
            return .failed(reason: handle.complaint)
        }
        return .connected(handle)
    }

    /// Sent with the start of the session, so that it costs no round trip. JIT compilation is off because it takes
    /// longer than any statement that we wait for. Plans are made once for each statement: Postgres would make many of ours
    /// anew each time, for what it takes for cheaper, and that costs more than to run them. No statement is shared out among
    /// processes: a plan that does not know how few rows are wanted would have them started for a page of a large room.
    private static func sessionOptions(_ configuration: PostgresConfiguration) -> String {
        var settings = [
            ("statement_timeout", String(configuration.statementTimeout.clampedMilliseconds)),
            ("idle_in_transaction_session_timeout", String(configuration.idleInTransactionTimeout.clampedMilliseconds)),
            ("default_transaction_isolation", "read committed"), ("timezone", "UTC"), ("jit", "off"),
            ("plan_cache_mode", "force_generic_plan"), ("max_parallel_workers_per_gather", "0"),
        ]
        if let path = configuration.searchPath { settings.append(("search_path", path)) }
        return settings.map { "-c \($0)=\(escape($1))" }.joined(separator: " ")
    }

    /// - Spec: https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
    private static func escape(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing(" ", with: "\\ ")
    }

    private static func parse(_ conninfo: String) -> [String: String]? {
        guard let options = PQconninfoParse(conninfo, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var given: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { given[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return given
    }
}

/// The strings as C has arrays of them: pointers to NUL-terminated bytes, and a null pointer at the end.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let bytes = strings.map { Array($0.utf8CString) }
    let flat = bytes.flatMap { $0 }
    return flat.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = []
        var offset = 0
        for string in bytes {
            pointers.append(buffer.baseAddress.map { $0 + offset })
            offset += string.count
        }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
