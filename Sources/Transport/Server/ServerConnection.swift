import HTTPAPI
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Telemetry

/// One connection: reads requests, has them answered, one after the other, in order.
///
/// It takes the place of Hummingbird's own HTTP/1 channel, which translates every head twice and parses every path as a
/// URL; the accept loop, TLS and quiescing are Hummingbird's.
struct ServerConnection: ServerChildChannel {
    typealias Value = NIOAsyncChannel<RequestPart, ResponsePart>

    let router: Router
    let limits: ConnectionLimits
    let date: DateHeader
    let log: Log

    /// What is read at once, in bytes. A connection keeps such a buffer while it waits; one that has more to say gets longer
    /// ones.
    private static let readBuffer = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 1024, maximum: 65536)

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var decoderLimits = NIOHTTPDecoderLimitConfiguration()
            decoderLimits.maxHeaderListSize = limits.headBytes
            decoderLimits.maxHeaderFieldSize = limits.headerFieldBytes
            decoderLimits.maxHeaderFieldCount = limits.headerFields
            try channel.syncOptions?.setOption(.recvAllocator, value: Self.readBuffer)
            let pipeline = channel.pipeline.syncOperations
            // Pipelining is in order because the connection's task is one; header values are checked by HTTPFields.
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoderLimits)
            try pipeline.addHandler(ConnectionGuard(limits: limits, now: .now()))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value connection: Value, logger: Logger) async {
        let executor = EventLoopExecutor(connection.channel.eventLoop)
        let serving = Task(executorPreference: executor) { await serve(connection) }
        // Whoever waits on behalf of a client that has gone is cancelled: the endpoints see it as cancellation. A task that
        // waits for the end would cost each of thousands of idle connections two kilobytes.
        connection.channel.closeFuture.whenComplete { _ in serving.cancel() }
        await withTaskCancellationHandler {
            await serving.value
        } onCancel: {
            serving.cancel()
        }
    }

    private func serve(_ connection: Value) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                let peer = PeerAddress(connection.channel.remoteAddress)
                let reader = InboundReader(inbound)
                do {
                    while let head = try await reader.nextHead() {
                        guard try await answer(head, reader, outbound, peer) else { break }
                    }
                } catch is HTTPParserError {
                    try await refuse(.badRequest, version: .http1_1, outbound)
                }
                outbound.finish()
            }
        } catch {
            // The client has gone, or was cut off for the limits: there is nobody to tell.
            log.debug("connection ended early", [.cause: "\(error)"])
        }
    }

    /// - Returns: whether the connection goes on.
    private func answer(
        _ head: HTTPRequestHead, _ reader: InboundReader, _ outbound: NIOAsyncChannelOutboundWriter<ResponsePart>,
        _ peer: PeerAddress
    ) async throws -> Bool {
        let request: ServerRequest
        do {
            request = try RequestTranslation.request(head, peer: peer) { framing in
                reader.body(announcedBytes: framing.announcedBytes)
            }
        } catch {
            try await refuse(error.status, version: head.version, outbound)
            return false
        }
        let response = await router.respond(to: request)
        let keepsAlive = ResponseTranslation.keepsAlive(head, response) && !reader.isBroken
        let responseHead = ResponseTranslation.head(response, to: head, date: date.text, keepsAlive: keepsAlive)
        switch response.body {
        case .buffer(let buffer): try await outbound.write(.whole(responseHead, buffer))
        case .stream(let stream, let length):
            try await outbound.write(.head(responseHead))
            try await send(stream, length: length, outbound)
            try await outbound.write(.end)
        }
        return keepsAlive
    }

    /// A stream that does not keep what its head said has lied to the client; then only closing tells it.
    private struct StreamMismatch: Error {}

    private func send(
        _ stream: BodyStream, length: Int?, _ outbound: NIOAsyncChannelOutboundWriter<ResponsePart>
    ) async throws {
        var sent = 0
        for try await chunk in stream where chunk.readableBytes > 0 {
            sent += chunk.readableBytes
            if let length, sent > length { throw StreamMismatch() }
            try await outbound.write(.body(chunk))
        }
        if let length, sent < length { throw StreamMismatch() }
    }

    private func refuse(
        _ status: HTTPResponseStatus, version: HTTPVersion, _ outbound: NIOAsyncChannelOutboundWriter<ResponsePart>
    ) async throws {
        let headers: HTTPHeaders = ["Content-Length": "0", "Connection": "close", "Date": date.text]
        try await outbound.write(
            .whole(HTTPResponseHead(version: version, status: status, headers: headers), ByteBuffer()))
    }
}
