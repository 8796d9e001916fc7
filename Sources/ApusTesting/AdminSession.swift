internal import CPostgres
internal import Reactor

/// A connection for making and dropping databases: blocking calls, each on a thread of its own, one after the other.
final class AdminSession: @unchecked Sendable {
    /// Used by one call at a time: the methods are called by one task.
    private let connection: OpaquePointer

    private init(_ connection: OpaquePointer) { self.connection = connection }

    deinit { PQfinish(connection) }

    static func open(_ url: String) async throws -> AdminSession {
        try await blocking {
            guard let connection = PQconnectdb(url) else { throw TestingError("out of memory") }
            let session = AdminSession(connection)
            guard PQstatus(connection) == CONNECTION_OK else {
                throw TestingError(String(cString: PQerrorMessage(connection)))
            }
            PQsetNoticeProcessor(connection, { _, _ in }, nil)
            return session
        }
    }

    /// Runs SQL text.
    ///
    /// - Returns: how many rows came back.
    @discardableResult
    func run(_ sql: String) async throws -> Int {
        try await Self.blocking { [self] in
            let result = PQexec(connection, sql)
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK: return Int(PQntuples(result))
            case PGRES_COMMAND_OK: return 0
            default: throw TestingError("\(String(cString: PQerrorMessage(connection))) in \(sql)")
            }
        }
    }

    private static func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            let started = BlockingThread.run { continuation.resume(with: Result(catching: work)) }
            if !started { continuation.resume(throwing: TestingError("the system gives no thread")) }
        }
    }
}
