package import MatrixCore
import NIOPosix
import Synchronization

/// Hashes and checks passwords on a few threads of its own, because one takes tens of milliseconds by intention.
package final class PasswordHasher: Sendable {
    /// Passwords that may wait for a thread. Beyond it callers are told to come back: the queue would be longer than they
    /// wait anyway.
    package static let maxWaiting = 256
    /// What a caller that is sent away is told to wait.
    private static let retryAfter = Duration.seconds(2)

    private let cost: PasswordCost
    private let threads: NIOThreadPool
    private let waiting = Mutex(0)
    /// The hash of a password that nobody has: see `verify`.
    private let decoy = Mutex<String?>(nil)

    /// Starts the threads. `shutdown` must be called at the end.
    package init(cost: PasswordCost, threadCount: Int = 2) {
        self.cost = cost
        threads = NIOThreadPool(numberOfThreads: max(1, threadCount))
        threads.start()
    }

    package func shutdown() async {
        try? await threads.shutdownGracefully()
    }

    /// - Throws: `M_INVALID_PARAM` when the password is too long, `M_LIMIT_EXCEEDED` when too many wait.
    package func hash(_ password: String) async throws -> String {
        guard password.utf8.count <= PasswordHash.longestPasswordBytes else {
            throw MatrixError.invalidParam("The password is too long")
        }
        return try await run { [cost] in try PasswordHash.make(password, cost: cost) }
    }

    /// Whether `hash` was made of the password.
    ///
    /// - Parameter hash: `nil` takes as long as a real one and says no, so that nobody learns from the time which accounts
    ///   there are.
    package func verify(_ password: String, against hash: String?) async throws -> Bool {
        try await run { [self] in
            guard let hash else {
                _ = PasswordHash.verify(password, hash: try decoyHash())
                return false
            }
            return PasswordHash.verify(password, hash: hash)
        }
    }

    /// Whether the hash was made with another cost than the one configured now.
    package func needsRenewal(_ hash: String) -> Bool { PasswordHash.needsRenewal(hash, cost: cost) }

    private func decoyHash() throws -> String {
        if let known = decoy.withLock({ $0 }) { return known }
        let made = try PasswordHash.make("nobody's password", cost: cost)
        decoy.withLock { $0 = made }
        return made
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let isAdmitted = waiting.withLock { count in
            guard count < Self.maxWaiting else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
        defer { waiting.withLock { $0 -= 1 } }
        return try await threads.runIfActive(body)
    }
}
