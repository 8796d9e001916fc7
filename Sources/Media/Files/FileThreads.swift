import NIOPosix

/// Threads for reading and writing files, which blocks: neither the cooperative pool nor an event loop may wait for a disk.
///
/// What waits for a thread is bounded by who asks: a transfer has one operation under way at a time, and is one request.
package final class FileThreads: Sendable {
    private static let count = 4

    private let threads = NIOThreadPool(numberOfThreads: FileThreads.count)

    /// Starts the threads. `shutdown` must be called at the end.
    package init() { threads.start() }

    package func shutdown() async { try? await threads.shutdownGracefully() }

    /// - Throws: what `body` throws, or `CancellationError` when the task was cancelled before it was its turn.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await threads.runIfActive(body)
    }

    /// Runs what nobody waits for, even when the task that asks is cancelled.
    func runLater(_ body: @escaping @Sendable () -> Void) { threads.submit { _ in body() } }
}
