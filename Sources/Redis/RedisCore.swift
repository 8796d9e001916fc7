internal import CHiredis
internal import Logging
internal import Reactor

/// The client as it lives on the reactor's thread: one connection for commands, one for what is subscribed, because a
/// connection with subscriptions takes no other commands.
final class RedisCore: RedisLinkOwner {
    /// Channels in one SUBSCRIBE when many are restored.
    private static let channelsPerCommand = 500
    /// How exactly the deadlines of commands are kept. There is no timer while nobody waits.
    private static let upkeepInterval = Duration.milliseconds(250)

    private let configuration: RedisConfiguration
    private let logger: Logger
    /// Told whether both connections are up and all channels subscribed.
    private let onState: @Sendable (RedisState) -> Void
    private let onDropped: @Sendable (Int) -> Void
    private let reactor: Reactor
    private lazy var commandLink = RedisLink(configuration, reactor: reactor, owner: self)
    private lazy var subscriberLink = RedisLink(
        configuration, reactor: reactor, owner: self, rest: configuration.subscriberRest)
    private var commands = RedisCommands()
    private var subscriptions = RedisSubscriptions()
    private var announced = RedisState.disconnected
    private var complained = false
    private var upkeepTimer: ReactorTimer?
    private var isClosed = false

    init(
        _ configuration: RedisConfiguration, reactor: Reactor, logger: Logger,
        onState: @escaping @Sendable (RedisState) -> Void, onDropped: @escaping @Sendable (Int) -> Void
    ) {
        self.configuration = configuration
        self.reactor = reactor
        self.logger = logger
        self.onState = onState
        self.onDropped = onDropped
    }

    func open(on loop: ReactorLoop) {
        commandLink.open(on: loop)
        subscriberLink.open(on: loop)
    }

    func close(on loop: ReactorLoop) {
        guard !isClosed else { return }
        isClosed = true
        commandLink.close(on: loop)
        subscriberLink.close(on: loop)
        if let upkeepTimer { loop.cancel(upkeepTimer) }
        commands.close()
        subscriptions.connectionLost()
        announce(.disconnected)
    }

    // MARK: What tasks ask for

    /// `bytes` holds `count` PUBLISH commands.
    func publish(_ bytes: [UInt8], count: Int, on loop: ReactorLoop) {
        guard commandLink.isUp, commandLink.pendingBytes <= configuration.maximumPendingBytes else {
            return onDropped(count)
        }
        commandLink.enqueue(bytes)
        commands.expectIgnored(count, now: loop.now)
        commandLink.flush(on: loop)
        scheduleUpkeep(on: loop)
    }

    func run(_ command: PendingCommand, on loop: ReactorLoop) {
        guard !isClosed else { return command.answer(.failure(.closed)) }
        guard !command.isCancelled else { return command.answer(.failure(.cancelled)) }
        guard commands.count < configuration.maximumPendingCommands,
            commandLink.pendingBytes <= configuration.maximumPendingBytes
        else { return command.answer(.failure(.overloaded)) }
        commands.enqueue(command, now: loop.now)
        writeWaiting(on: loop)
        scheduleUpkeep(on: loop)
    }

    func subscribe(
        _ channel: String, _ handler: @escaping RedisSubscriptions.Handler,
        _ waiter: RedisSubscriptions.Confirmation, on loop: ReactorLoop
    ) {
        guard !isClosed else { return waiter.resume(returning: false) }
        let isUp = subscriberLink.isUp
        if subscriptions.subscribe(channel, handler, isUp: isUp, waiter) { writeSubscribe([channel][...], on: loop) }
    }

    func unsubscribe(_ channel: String, on loop: ReactorLoop) {
        guard subscriptions.unsubscribe(channel), subscriberLink.isUp else { return }
        var writer = RedisCommandWriter()
        writer.append("UNSUBSCRIBE", channel)
        subscriberLink.enqueue(writer.bytes)
        subscriberLink.flush(on: loop)
    }

    // MARK: What the links tell

    func linkIsUp(_ link: RedisLink, on loop: ReactorLoop) {
        if link === commandLink {
            writeWaiting(on: loop)
        } else {
            var channels = subscriptions.channels[...]
            while !channels.isEmpty {
                writeSubscribe(channels.prefix(Self.channelsPerCommand), on: loop)
                channels = channels.dropFirst(Self.channelsPerCommand)
            }
        }
        announceIfReady()
    }

    func link(_ link: RedisLink, received reply: UnsafePointer<redisReply>, on loop: ReactorLoop) {
        if link === commandLink {
            if !commands.receive(reply, now: loop.now) { link.fail("an answer that nothing asked for", on: loop) }
        } else {
            receiveOnSubscriber(reply)
        }
    }

    func linkWantsProofOfLife(_ link: RedisLink, on loop: ReactorLoop) {
        var writer = RedisCommandWriter()
        writer.append("PING")
        link.enqueue(writer.bytes)
        if link === commandLink { commands.expectIgnored(1, now: loop.now) }
        link.flush(on: loop)
    }

    func linkIsDown(_ link: RedisLink, wasUp: Bool, reason: String, on loop: ReactorLoop) {
        if link === commandLink { commands.connectionLost() } else { subscriptions.connectionLost() }
        if !complained {
            // Once for an outage, not for each attempt.
            complained = true
            logger.warning("no connection to Redis", metadata: ["cause": .string(reason)])
        }
        announce(.disconnected)
    }

    // MARK: Details

    private func receiveOnSubscriber(_ reply: UnsafePointer<redisReply>) {
        guard let kind = reply.element(0)?.text, let channel = reply.element(1)?.text else { return }
        if kind.elementsEqual("message".utf8), let payload = reply.element(2)?.text {
            subscriptions.handler(of: String(decoding: channel, as: UTF8.self))?([UInt8](payload))
        } else if kind.elementsEqual("subscribe".utf8) {
            subscriptions.confirmed(String(decoding: channel, as: UTF8.self))
            announceIfReady()
        }
    }

    private func writeSubscribe(_ channels: ArraySlice<String>, on loop: ReactorLoop) {
        var writer = RedisCommandWriter()
        writer.begin(count: channels.count + 1)
        writer.append(argument: "SUBSCRIBE".utf8)
        for channel in channels {
            writer.append(argument: channel.utf8)
            subscriptions.sentSubscribe(channel)
        }
        subscriberLink.enqueue(writer.bytes)
        subscriberLink.flush(on: loop)
    }

    private func writeWaiting(on loop: ReactorLoop) {
        guard commandLink.isUp else { return }
        while let command = commands.takeWaiting(now: loop.now) { commandLink.enqueue(command.bytes) }
        commandLink.flush(on: loop)
    }

    private func announceIfReady() {
        guard commandLink.isUp, subscriberLink.isUp, announced == .disconnected, subscriptions.isSettled else { return }
        if complained { logger.notice("connected to Redis again") }
        complained = false
        announce(.connected)
    }

    private func announce(_ state: RedisState) {
        guard state != announced else { return }
        announced = state
        onState(state)
    }

    private func scheduleUpkeep(on loop: ReactorLoop) {
        guard upkeepTimer == nil, commands.count > 0 else { return }
        upkeepTimer = loop.schedule(after: Self.upkeepInterval) { [weak self] loop in
            self?.upkeepTimer = nil
            self?.upkeep(on: loop)
        }
    }

    private func upkeep(on loop: ReactorLoop) {
        commands.expire(now: loop.now, limit: configuration.commandTimeout)
        if commandLink.isUp, commands.awaitsAnswer,
            loop.now.since(commands.lastProgress) > configuration.commandTimeout
        {
            commandLink.fail("the server does not answer", on: loop)
        }
        scheduleUpkeep(on: loop)
    }
}
