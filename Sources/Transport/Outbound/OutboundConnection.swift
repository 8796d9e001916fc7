import HTTPAPI
import NIOCore
import NIOHTTP1

/// A connection to elsewhere, as tasks see it.
struct OutboundConnection: Sendable {
    let channel: any Channel
    private let exchange: NIOLoopBound<OutboundExchange>

    /// On the channel's event loop.
    init(channel: any Channel, exchange: OutboundExchange) {
        self.channel = channel
        self.exchange = NIOLoopBound(exchange, eventLoop: channel.eventLoop)
    }

    /// Waits until the connection can be used.
    func ready(_ future: EventLoopFuture<Void>, within timeout: TimeAmount) async throws {
        let timer = channel.eventLoop.scheduleTask(in: timeout) { [exchange] in exchange.value.fail(.timedOut) }
        defer { timer.cancel() }
        try await cancellable(future)
    }

    /// Sends a request and waits for the head of its answer. Cancelling closes the connection.
    func send(_ head: HTTPRequestHead, body: ByteBuffer?, deadline: NIODeadline) async throws -> HTTPResponseHead {
        let promise = channel.eventLoop.makePromise(of: HTTPResponseHead.self)
        channel.eventLoop.execute { [exchange] in
            exchange.value.start(head: head, body: body, deadline: deadline, promise: promise)
        }
        return try await cancellable(promise.futureResult)
    }

    /// The next piece of the answer's body; nil at its end.
    func next() async throws -> ByteBuffer? {
        let promise = channel.eventLoop.makePromise(of: ByteBuffer?.self)
        channel.eventLoop.execute { [exchange] in exchange.value.next(promise) }
        return try await cancellable(promise.futureResult)
    }

    /// Hands the connection back when its exchange is over, else closes it.
    ///
    /// - Returns: whether it may be used again.
    func rest(timeout: TimeAmount, whenClosed: @escaping @Sendable () -> Void) async -> Bool {
        let result = try? await channel.eventLoop.submit { [exchange] in
            guard exchange.value.isReusable else {
                exchange.value.close()
                return false
            }
            exchange.value.enterIdle(timeout: timeout, whenClosed: whenClosed)
            return true
        }.get()
        return result ?? false
    }

    func close() { channel.close(mode: .all, promise: nil) }

    private func cancellable<Value: Sendable>(_ future: EventLoopFuture<Value>) async throws -> Value {
        try await withTaskCancellationHandler {
            do {
                return try await future.get()
            } catch {
                try Task.checkCancellation()
                throw error
            }
        } onCancel: {
            channel.close(mode: .all, promise: nil)
        }
    }
}

/// The body of an answer in the shape of a stream.
struct OutboundBody: AsyncSequence, Sendable {
    typealias Failure = any Error
    let connection: OutboundConnection

    func makeAsyncIterator() -> Iterator { Iterator(connection: connection) }

    struct Iterator: AsyncIteratorProtocol {
        let connection: OutboundConnection
        mutating func next() async throws -> ByteBuffer? { try await connection.next() }
    }
}
