import NIOCore
import NIOHTTP1
import NIOPosix

/// What a server answered.
struct HTTPAnswer: Sendable {
    let status: Int
    let body: ByteBuffer
    /// Whether the server will take another request on the same connection.
    let keepsAlive: Bool

    var bytes: [UInt8] { Array(body.readableBytesView) }
    var byteCount: Int { body.readableBytes }
    var text: String { String(buffer: body) }
}

/// One keep-alive HTTP/1.1 connection for one request at a time.
///
/// A connection that the server closed between two requests is opened again; a request whose connection breaks while
/// it is under way fails, because whether the server carried it out is not known.
actor HTTPConnection {
    private let address: ServerAddress
    private let group: MultiThreadedEventLoopGroup
    private let timeout: TimeAmount
    private var channel: (any Channel)?

    init(to address: ServerAddress, on group: MultiThreadedEventLoopGroup, timeoutSeconds: Int64) {
        self.address = address
        self.group = group
        timeout = .seconds(timeoutSeconds)
    }

    func send(_ method: HTTPMethod, _ path: String, token: String? = nil, body: String? = nil) async throws
        -> HTTPAnswer
    {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: address.hostHeader)
        if let token { head.headers.add(name: "Authorization", value: "Bearer \(token)") }
        let payload = body.map { ByteBuffer(string: $0) }
        if let payload {
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Content-Length", value: "\(payload.readableBytes)")
        }
        let channel = try await openChannel()
        let answer = channel.eventLoop.makePromise(of: HTTPAnswer.self)
        channel.writeAndFlush(Exchange(head: head, body: payload, answer: answer, timeout: timeout), promise: nil)
        let result = try await answer.futureResult.get()
        if !result.keepsAlive { await close() }
        return result
    }

    func close() async {
        try? await channel?.close()
        channel = nil
    }

    private func openChannel() async throws -> any Channel {
        if let channel, channel.isActive { return channel }
        let opened = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
                }
            }
            .connect(host: address.host, port: address.port).get()
        channel = opened
        return opened
    }
}

/// A request on its way, with the promise of its answer.
private struct Exchange: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer?
    let answer: EventLoopPromise<HTTPAnswer>
    let timeout: TimeAmount
}

/// Pairs each request with the answer that follows it.
private final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    /// An initial sync of a large account fits; a server that never stops sending does not.
    private static let maximumBodyBytes = 256 << 20

    private var open: Exchange?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard open == nil, context.channel.isActive else {
            exchange.answer.fail(Failure("the connection is not free for a request"))
            return
        }
        open = exchange
        body = ByteBuffer()
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: exchange.timeout) { channel.close(promise: nil) }
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if let body = exchange.body {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let received):
            head = received
        case .body(var part):
            body.writeBuffer(&part)
            if body.readableBytes > Self.maximumBodyBytes { context.close(promise: nil) }
        case .end:
            guard let head, head.status.code >= 200 else { return }
            finish(.success(HTTPAnswer(status: Int(head.status.code), body: body, keepsAlive: head.isKeepAlive)))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(Failure("the connection broke, or the answer took too long")))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error))
        context.close(promise: nil)
    }

    private func finish(_ result: Result<HTTPAnswer, any Error>) {
        timer?.cancel()
        timer = nil
        head = nil
        guard let exchange = open else { return }
        open = nil
        exchange.answer.completeWith(result)
    }
}
