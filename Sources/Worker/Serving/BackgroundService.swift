import ServiceLifecycle

/// Something that runs beside the requests, until the process stops.
struct BackgroundService: Service, CustomStringConvertible {
    let description: String
    /// Asks `body` to end in order; `nil` when it may be cancelled.
    private let stop: (@Sendable () -> Void)?
    private let body: @Sendable () async -> Void

    init(_ name: String, stop: (@Sendable () -> Void)? = nil, _ body: @escaping @Sendable () async -> Void) {
        description = name
        self.stop = stop
        self.body = body
    }

    func run() async throws {
        guard let stop else { return await cancelWhenGracefulShutdown { await body() } }
        await withGracefulShutdownHandler {
            await body()
        } onGracefulShutdown: {
            stop()
        }
    }
}
