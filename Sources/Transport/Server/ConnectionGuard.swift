import NIOCore
import NIOHTTP1

/// What a connection's task reads.
enum RequestPart: Sendable {
    /// - Parameter isWhole: whether nothing comes after it: no body and no end.
    case head(HTTPRequestHead, isWhole: Bool)
    case body(ByteBuffer)
    case end
}

/// What a connection's task writes.
enum ResponsePart: Sendable {
    /// A whole answer, which then leaves in one piece.
    case whole(HTTPResponseHead, ByteBuffer)
    case head(HTTPResponseHead)
    case body(ByteBuffer)
    case end
}

/// Stands between HTTP's codec and the task of a connection: enforces `ConnectionLimits`, and closes when draining.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = RequestPart
    typealias OutboundIn = ResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var state: ConnectionState
    /// A head of which it is not known yet whether something comes after it.
    private var openHead: HTTPRequestHead?
    private var timer: (task: Scheduled<Void>, deadline: NIODeadline)?

    init(limits: ConnectionLimits, now: NIODeadline) { state = ConnectionState(limits: limits, now: now) }

    func handlerAdded(context: ChannelHandlerContext) { arm(context) }
    func handlerRemoved(context: ChannelHandlerContext) { disarm() }

    func channelInactive(context: ChannelHandlerContext) {
        disarm()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            state.headArrived(at: .now())
            if state.runningRequests == 1, Self.expectsContinue(head) {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
            openHead = head
        case .body(let buffer):
            passHead(context)
            if state.bodyArrived(bytes: buffer.readableBytes) { return context.close(promise: nil) }
            context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end:
            state.requestEnded()
            // Most requests have no body: then their task is told once.
            if let head = openHead.take() {
                context.fireChannelRead(wrapInboundOut(.head(head, isWhole: true)))
            } else {
                context.fireChannelRead(wrapInboundOut(.end))
            }
        }
    }

    private func passHead(_ context: ChannelHandlerContext) {
        if let head = openHead.take() { context.fireChannelRead(wrapInboundOut(.head(head, isWhole: false))) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        passHead(context)
        context.fireErrorCaught(error)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        passHead(context)
        arm(context)
        context.fireChannelReadComplete()
    }

    /// curl and others wait for a go-ahead before they send a large body.
    private static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        head.version == .http1_1 && head.headers.first(name: "expect")?.lowercased() == "100-continue"
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .whole(let head, let buffer):
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if buffer.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil) }
            end(context, promise)
        case .head(let head): context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer): context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end: end(context, promise)
        }
    }

    private func end(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
        if state.responseEnded(at: .now()) {
            context.flush()
            context.close(promise: nil)
        } else {
            arm(context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        state.writabilityChanged(to: context.channel.isWritable, at: .now())
        arm(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            if state.drain() { context.close(promise: nil) }
        case ChannelEvent.inputClosed:
            state.inputClosed(at: .now())
            arm(context)
            context.fireUserInboundEventTriggered(event)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: The timer

    /// Sees to it that the timer fires no later than the state's deadline. One that fires too early is set again then,
    /// which is cheaper than moving it at every request.
    private func arm(_ context: ChannelHandlerContext) {
        guard let deadline = state.deadline else { return }
        if let timer {
            if timer.deadline <= deadline { return }
            timer.task.cancel()
        }
        let box = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = box.value
            handler.timer = nil
            handler.check(context)
        }
        timer = (task, deadline)
    }

    private func disarm() {
        timer?.task.cancel()
        timer = nil
    }

    private func check(_ context: ChannelHandlerContext) {
        if let deadline = state.deadline, deadline <= .now() {
            context.close(promise: nil)
        } else {
            arm(context)
        }
    }
}
