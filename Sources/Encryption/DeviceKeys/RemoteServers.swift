import MatrixCore
import Telemetry

/// Asks several servers side by side, for as long as a client wants to wait.
struct RemoteServers: Sendable {
    /// Requests under way for one client's question.
    private static let atOnce = 10
    /// Whatever a client says that it wants to wait.
    private static let maximumTimeout = Duration.seconds(60)

    let keys: (any RemoteUserKeys)?
    let clock: any Clock

    /// - Returns: what servers answered, and why others did not.
    func ask<Answer: Sendable>(
        _ servers: [ServerName], within timeout: Duration,
        _ question: @escaping @Sendable (any RemoteUserKeys, ServerName) async throws -> Answer
    ) async -> (answers: [Answer], failures: [ServerName: MatrixError]) {
        guard let keys else {
            return ([], Dictionary(servers.map { ($0, Self.noFederation) }, uniquingKeysWith: { first, _ in first }))
        }
        let deadline = clock.monotonic + min(timeout, Self.maximumTimeout)
        var answers: [Answer] = []
        var failures: [ServerName: MatrixError] = [:]
        await withTaskGroup(of: (ServerName, Result<Answer, MatrixError>).self) { group in
            var rest = servers[...]
            func next() {
                guard let server = rest.popFirst() else { return }
                group.addTask { [clock] in
                    (server, await Self.ask(server, keys, until: deadline, clock, question))
                }
            }
            for _ in 0..<Self.atOnce { next() }
            for await (server, result) in group {
                switch result {
                case .success(let answer): answers.append(answer)
                case .failure(let error): failures[server] = error
                }
                next()
            }
        }
        return (answers, failures)
    }

    private static func ask<Answer: Sendable>(
        _ server: ServerName, _ keys: any RemoteUserKeys, until deadline: Duration, _ clock: any Clock,
        _ question: @escaping @Sendable (any RemoteUserKeys, ServerName) async throws -> Answer
    ) async -> Result<Answer, MatrixError> {
        let left = deadline - clock.monotonic
        guard left > .zero else { return .failure(timedOut) }
        do {
            return .success(try await clock.withDeadline(left) { try await question(keys, server) })
        } catch let error as any MatrixErrorRepresentable {
            return .failure(error.matrixError)
        } catch {
            return .failure(timedOut)
        }
    }

    private static var timedOut: MatrixError {
        MatrixError(.unknown, "The server did not answer in time", status: 504)
    }
    private static var noFederation: MatrixError {
        MatrixError(.unknown, "This server does not speak with others", status: 503)
    }
}
