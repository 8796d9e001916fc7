import HTTPAPI
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// One connection to elsewhere, and the exchange that runs on it: all of it lives on the connection's event loop.
///
/// An answer is pulled: the reader asks for each piece, and while too much waits unread nothing more is read from the
/// socket, so a fast server cannot fill our memory.
final class OutboundExchange: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPClientRequestPart

    private static let maximumUnreadBytes = 256 * 1024

    private enum Phase {
        case idle
        /// Waiting for the head, then for the body.
        case waitingForHead(EventLoopPromise<HTTPResponseHead>)
        case readingBody
        case failed(OutboundError)
    }

    private var phase = Phase.idle
    private var unread: CircularBuffer<ByteBuffer> = []
    private var unreadBytes = 0
    private var isBodyComplete = false
    private var reader: EventLoopPromise<ByteBuffer?>?
    private var hasHeldRead = false
    private var keepsAlive = false
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var idleTimer: Scheduled<Void>?
    /// Called once, when an idle connection ends.
    private var whenClosed: (() -> Void)?

    /// The host that the certificate must be for; nil when nothing is to be checked.
    private let checkedHost: String?
    private let isTLS: Bool
    /// Nil once it is known whether the connection can be used.
    private var ready: EventLoopPromise<Void>?

    /// - Parameter ready: told when the connection, handshake included, can carry an exchange.
    init(isTLS: Bool, checkedHost: String?, ready: EventLoopPromise<Void>) {
        self.isTLS = isTLS
        self.checkedHost = checkedHost
        self.ready = ready
    }

    // MARK: What the pool and the client ask for; on the event loop only

    /// Sends a request. The promise gets the answer's head.
    func start(
        head: HTTPRequestHead, body: ByteBuffer?, deadline: NIODeadline, promise: EventLoopPromise<HTTPResponseHead>
    ) {
        // It may have ended while it waited.
        if case .failed(let error) = phase { return promise.fail(error) }
        guard case .idle = phase, let context, context.channel.isActive else {
            return promise.fail(OutboundError.connectionClosed)
        }
        leaveIdle()
        phase = .waitingForHead(promise)
        isBodyComplete = false
        keepsAlive = false
        let box = NIOLoopBound(self, eventLoop: context.eventLoop)
        self.deadline = context.eventLoop.scheduleTask(deadline: deadline) { box.value.fail(.timedOut) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// The next piece of the answer's body; nil at its end.
    func next(_ promise: EventLoopPromise<ByteBuffer?>) {
        if case .failed(let error) = phase { return promise.fail(error) }
        if let buffer = unread.popFirst() {
            unreadBytes -= buffer.readableBytes
            resumeReading()
            return promise.succeed(buffer)
        }
        if isBodyComplete { return promise.succeed(nil) }
        guard reader == nil else { return promise.fail(OutboundError.malformedResponse) }
        reader = promise
    }

    /// Whether the exchange is over and the connection can carry another.
    var isReusable: Bool {
        guard case .readingBody = phase, let context else { return false }
        return isBodyComplete && unread.isEmpty && keepsAlive && context.channel.isActive
    }

    /// Waits for the next exchange, at most for `timeout`.
    func enterIdle(timeout: TimeAmount, whenClosed: @escaping () -> Void) {
        guard let context else { return whenClosed() }
        phase = .idle
        deadline?.cancel()
        self.whenClosed = whenClosed
        let box = NIOLoopBound(self, eventLoop: context.eventLoop)
        idleTimer = context.eventLoop.scheduleTask(in: timeout) { box.value.close() }
    }

    private func leaveIdle() {
        idleTimer?.cancel()
        idleTimer = nil
        whenClosed = nil
    }

    func close() { context?.close(promise: nil) }

    /// Ends the exchange, and with it the connection, whose framing can be trusted no more.
    func fail(_ error: OutboundError) {
        deadline?.cancel()
        ready?.fail(error)
        ready = nil
        switch phase {
        case .idle: phase = .failed(error)
        case .failed: break
        case .waitingForHead(let promise):
            phase = .failed(error)
            promise.fail(error)
        case .readingBody:
            // A complete answer stays readable whatever happens to its connection.
            if isBodyComplete { return close() }
            phase = .failed(error)
            reader?.fail(error)
            reader = nil
        }
        close()
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        if !isTLS { becomeReady() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            if let checkedHost, certificate.map({ CertificateName.matches($0, host: checkedHost) }) != true {
                fail(.tlsFailed("the certificate is for another host"))
            } else {
                becomeReady()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func becomeReady() {
        ready?.succeed(())
        ready = nil
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(.connectionClosed)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard case .waitingForHead(let promise) = phase else { return fail(.malformedResponse) }
            keepsAlive = head.isKeepAlive
            phase = .readingBody
            promise.succeed(head)
        case .body(let buffer):
            if let reader {
                self.reader = nil
                reader.succeed(buffer)
            } else {
                unread.append(buffer)
                unreadBytes += buffer.readableBytes
            }
        case .end:
            isBodyComplete = true
            deadline?.cancel()
            reader?.succeed(nil)
            reader = nil
        }
    }

    func read(context: ChannelHandlerContext) {
        if unreadBytes > Self.maximumUnreadBytes {
            hasHeldRead = true
        } else {
            context.read()
        }
    }

    private func resumeReading() {
        guard hasHeldRead, unreadBytes <= Self.maximumUnreadBytes / 2 else { return }
        hasHeldRead = false
        context?.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.connectionClosed)
        idleTimer?.cancel()
        whenClosed?()
        whenClosed = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        // Many servers close without a farewell; a cut answer shows by its framing.
        case NIOSSLError.uncleanShutdown: break
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: fail(.tlsFailed("\(error)"))
        case is HTTPParserError: fail(.malformedResponse)
        default: fail(.connectionClosed)
        }
    }
}
