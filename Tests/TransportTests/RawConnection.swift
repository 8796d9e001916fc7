import HTTPAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A TCP connection that says exactly what a test wants said.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let collector: Collector

    private init(channel: any Channel, collector: Collector) {
        self.channel = channel
        self.collector = collector
    }

    static func open(port: Int, group: MultiThreadedEventLoopGroup) async throws -> RawConnection {
        let collector = Collector()
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(collector))
                }
            }.connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel: channel, collector: collector)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Stops reading, as a client does whose application hangs.
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    func close() async throws { try await channel.close() }

    var received: String { collector.text.withLock { $0.text } }
    var isEnded: Bool { collector.text.withLock { $0.isEnded } }

    /// Waits until what was received satisfies the test, or the connection ended, or ten seconds have passed.
    func wait(_ condition: (String) -> Bool) async throws -> String {
        for _ in 0..<1000 {
            let (text, isEnded) = collector.text.withLock { ($0.text, $0.isEnded) }
            if isEnded || condition(text) { return text }
            try await Task.sleep(for: .milliseconds(10))
        }
        return received
    }

    /// Everything until the server closes; nil when it does not within ten seconds.
    func untilEnd() async throws -> String? {
        let text = try await wait { _ in false }
        return isEnded ? text : nil
    }

    /// How many answers have begun in a text.
    static func answers(in text: String) -> [Substring] {
        text.split(separator: "HTTP/1.1 ").filter { $0.first?.isNumber == true }
    }

    private final class Collector: Sendable {
        let text = Mutex<(text: String, isEnded: Bool)>(("", false))
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let collector: Collector
        init(_ collector: Collector) { self.collector = collector }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            collector.text.withLock { $0.text += text }
        }
        func channelInactive(context: ChannelHandlerContext) { collector.text.withLock { $0.isEnded = true } }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent {
                collector.text.withLock { $0.isEnded = true }
            }
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            collector.text.withLock { $0.isEnded = true }
        }
    }
}
