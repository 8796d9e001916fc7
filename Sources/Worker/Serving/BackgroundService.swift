import ServiceLifecycle

/// Something that runs beside the requests, until the process stops.
struct BackgroundService: Service, CustomStringConvertible {
    let description: String
    private let body: @Sendable () async -> Void

    init(_ name: String, _ body: @escaping @Sendable () async -> Void) {
        description = name
        self.body = body
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
    }
}
