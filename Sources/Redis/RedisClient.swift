package import Logging
package import Reactor
internal import Synchronization

/// Whether hints flow. After `connected` a follower catches up on what it may have missed.
package enum RedisState: Sendable, Hashable {
    /// Both connections are up, and every channel is subscribed (again).
    case connected
    case disconnected
}

/// Publishes and subscribes, with a connection that comes back by itself.
///
/// Redis carries hints only, so nothing here makes a caller wait for an absent Redis: what is published then is dropped
/// and counted, and a subscription is remembered for when it comes.
package final class RedisClient: Sendable {
    private struct Outbox {
        var publishes = RedisCommandWriter()
        var count = 0
        var isScheduled = false
    }

    private struct Audience {
        var state = RedisState.disconnected
        var listeners: [Int: AsyncStream<RedisState>.Continuation] = [:]
        var lastListener = 0
        var isClosed = false
    }

    /// Held by the core's callbacks as well, which must not hold the client.
    private final class Shared: Sendable {
        let audience = Mutex(Audience())
        let dropped = Atomic<Int>(0)
    }

    private let configuration: RedisConfiguration
    private let reactor: Reactor
    private let core: LoopBound<RedisCore>
    private let outbox = Mutex(Outbox())
    private let shared = Shared()

    /// Starts to connect at once, and goes on for as long as it takes.
    package init(_ configuration: RedisConfiguration, reactor: Reactor, logger: Logger) {
        self.configuration = configuration
        self.reactor = reactor
        core = LoopBound(
            RedisCore(
                configuration, reactor: reactor, logger: logger,
                onState: { [shared] in Self.tell($0, shared) },
                onDropped: { [shared] in shared.dropped.add($0, ordering: .relaxed) }))
        reactor.submit { [core] loop in core.value(on: loop).open(on: loop) }
    }

    /// The connections know their core without owning it, so it must see them closed.
    deinit {
        reactor.submit { [core] loop in core.value(on: loop).close(on: loop) }
    }

    /// Sends a hint to whoever listens. Never waits, never fails: without a connection it is dropped and counted.
    package func publish(_ channel: String, _ payload: [UInt8]) {
        let isFirst: Bool? = outbox.withLock { outbox in
            guard outbox.publishes.bytes.count + payload.count <= configuration.maximumPendingBytes else { return nil }
            outbox.publishes.begin(count: 3)
            outbox.publishes.append(argument: "PUBLISH".utf8)
            outbox.publishes.append(argument: channel.utf8)
            outbox.publishes.append(argument: payload)
            outbox.count += 1
            let isFirst = !outbox.isScheduled
            outbox.isScheduled = true
            return isFirst
        }
        guard let isFirst else {
            shared.dropped.add(1, ordering: .relaxed)
            return
        }
        guard isFirst else { return }
        reactor.submit { [self] loop in
            let (bytes, count) = takeOutbox()
            core.value(on: loop).publish(bytes, count: count, on: loop)
        }
    }

    /// How many publishes were dropped so far.
    package var droppedPublishes: Int { shared.dropped.load(ordering: .relaxed) }

    /// Calls `handler` with each message of the channel, on the reactor's thread: it must return at once. A second
    /// subscription of the same channel takes the place of the first.
    ///
    /// - Returns: true when the server has confirmed: every message published from now on comes. False when there is no
    ///   connection: then the channel is subscribed as soon as there is, before the state becomes `connected`.
    @discardableResult
    package func subscribe(_ channel: String, _ handler: @escaping @Sendable ([UInt8]) -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            let submitted = reactor.submit { [core] loop in
                core.value(on: loop).subscribe(channel, handler, continuation, on: loop)
            }
            if !submitted { continuation.resume(returning: false) }
        }
    }

    /// Ends a subscription. A message that is on its way may still reach the handler.
    package func unsubscribe(_ channel: String) {
        reactor.submit { [core] loop in core.value(on: loop).unsubscribe(channel, on: loop) }
    }

    /// Runs any command; its arguments are bytes. Waits for a connection, within the command timeout.
    package func command(_ arguments: [[UInt8]]) async throws(RedisError) -> RedisReply {
        let command = PendingCommand(arguments)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let submitted = reactor.submit { [core] loop in
                    command.wait(with: continuation)
                    core.value(on: loop).run(command, on: loop)
                }
                if !submitted { continuation.resume(returning: .failure(.closed)) }
            }
        } onCancel: {
            reactor.submit { _ in command.cancel() }
        }
        return try outcome.get()
    }

    package func command(_ words: String...) async throws(RedisError) -> RedisReply {
        try await command(words.map { Array($0.utf8) })
    }

    package var state: RedisState { shared.audience.withLock(\.state) }

    /// The state now, then each change; a slow listener gets the newest. Ends when the client is closed.
    package func states() -> AsyncStream<RedisState> {
        let (stream, continuation) = AsyncStream.makeStream(of: RedisState.self, bufferingPolicy: .bufferingNewest(1))
        shared.audience.withLock { audience in
            continuation.yield(audience.state)
            guard !audience.isClosed else { return continuation.finish() }
            audience.lastListener += 1
            let listener = audience.lastListener
            audience.listeners[listener] = continuation
            continuation.onTermination = { [shared] _ in
                shared.audience.withLock { _ = $0.listeners.removeValue(forKey: listener) }
            }
        }
        return stream
    }

    /// Closes the connections. What waits fails.
    package func close() async {
        await withCheckedContinuation { continuation in
            let submitted = reactor.submit { [core] loop in
                core.value(on: loop).close(on: loop)
                continuation.resume()
            }
            if !submitted { continuation.resume() }
        }
        let listeners = shared.audience.withLock { audience in
            audience.isClosed = true
            return Array(audience.listeners.values)
        }
        // Outside of the lock: finishing calls `onTermination`, which takes it.
        for listener in listeners { listener.finish() }
    }

    private func takeOutbox() -> ([UInt8], Int) {
        outbox.withLock { outbox in
            outbox.isScheduled = false
            defer { outbox.count = 0 }
            return (outbox.publishes.take(), outbox.count)
        }
    }

    private static func tell(_ state: RedisState, _ shared: Shared) {
        let listeners = shared.audience.withLock { audience in
            audience.state = state
            return Array(audience.listeners.values)
        }
        for listener in listeners { listener.yield(state) }
    }
}
