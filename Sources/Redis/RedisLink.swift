internal import CHiredis
internal import Glibc
internal import Reactor

/// Who opened a link and gets what comes in on it.
protocol RedisLinkOwner: AnyObject {
    /// Connected and authenticated: commands may be written.
    func linkIsUp(_ link: RedisLink, on loop: ReactorLoop)
    func link(_ link: RedisLink, received reply: UnsafePointer<redisReply>, on loop: ReactorLoop)
    /// Nothing was heard for a while: a PING is to be sent, whose answer the owner expects among the others.
    func linkWantsProofOfLife(_ link: RedisLink, on loop: ReactorLoop)
    /// Called once for each `linkIsUp`, and for each attempt that failed.
    func linkIsDown(_ link: RedisLink, wasUp: Bool, reason: String, on loop: ReactorLoop)
}

/// One connection to Redis that keeps coming back, on the reactor's thread.
///
/// Of hiredis it uses the parser of replies. The asynchronous half of hiredis 0.14 aborts the process when the last
/// channel is unsubscribed while another one is being subscribed, and leaves SIGPIPE to the caller; with the socket in
/// our hands a turn's commands also go out in one write.
final class RedisLink: ReactorHandler {
    private enum State {
        case closed
        case connecting
        /// Waits for the answers to this many commands that introduce us.
        case greeting(left: Int)
        case up
        case waiting(ReactorTimer)
    }

    private static let readSize = 64 << 10
    /// A peer that sends without pause lets the others have their turn after this many reads.
    private static let maximumReadsPerTurn = 16
    /// The longest reply that is waited for. What is published by us is far shorter.
    private static let maximumReplyBytes = 64 << 20
    /// After this long without a byte the server is asked whether it is there; after twice that it is not.
    private static let heartbeatInterval = Duration.seconds(5)

    private let configuration: RedisConfiguration
    private let reactor: Reactor
    private unowned let owner: any RedisLinkOwner
    private var state = State.closed
    private var socket: RedisSocket?
    private var reader: UnsafeMutablePointer<redisReader>?
    private var outgoing: [UInt8] = []
    private var written = 0
    private var wantsWritable = false
    /// How long the socket is not read after it was.
    private let rest: Duration
    /// Runs while it rests.
    private var restTimer: ReactorTimer?
    private var backoff = Backoff(first: .milliseconds(50), limit: .seconds(2))
    private var heartbeat: ReactorTimer?
    private var heardSomething = true
    private var askedAlready = false
    private var readBuffer = [UInt8](repeating: 0, count: readSize)

    var isUp: Bool { if case .up = state { true } else { false } }
    var pendingBytes: Int { outgoing.count - written }

    init(
        _ configuration: RedisConfiguration, reactor: Reactor, owner: any RedisLinkOwner, rest: Duration = .zero
    ) {
        self.rest = rest
        self.configuration = configuration
        self.reactor = reactor
        self.owner = owner
    }

    deinit { if let reader { redisReaderFree(reader) } }

    /// Connects, for as long as it takes.
    func open(on loop: ReactorLoop) {
        state = .connecting
        let link = LoopBound(self, on: loop)
        let started = BlockingThread.run { [configuration, reactor] in
            let outcome = RedisSocket.connect(to: configuration.endpoint, timeout: configuration.connectTimeout)
            reactor.submit { link.value(on: $0).connected(outcome, on: $0) }
        }
        if !started { fail("the system gives no thread", on: loop) }
    }

    func close(on loop: ReactorLoop) {
        if case .waiting(let timer) = state { loop.cancel(timer) }
        drop(on: loop)
        state = .closed
    }

    /// Puts bytes of whole commands behind what waits to be written. Written by `flush`.
    func enqueue(_ bytes: [UInt8]) {
        if outgoing.isEmpty { outgoing = bytes } else { outgoing.append(contentsOf: bytes) }
    }

    func flush(on loop: ReactorLoop) {
        guard let socket else { return }
        while written < outgoing.count {
            let count = outgoing.withUnsafeBytes {
                send(socket.descriptor, $0.baseAddress! + written, $0.count - written, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { break }
                return fail(String(cString: strerror(errno)), on: loop)
            }
            written += count
        }
        if written == outgoing.count {
            outgoing = []
            written = 0
        }
        setWantsWritable(!outgoing.isEmpty, on: loop)
    }

    func ready(_ readiness: Readiness, on loop: ReactorLoop) {
        if readiness.contains(.writable) { flush(on: loop) }
        guard socket != nil, !readiness.isDisjoint(with: [.readable, .broken]) else { return }
        readAvailable(on: loop)
        if rest > .zero, isUp { beginRest(on: loop) }
    }

    private func beginRest(on loop: ReactorLoop) {
        guard restTimer == nil else { return }
        restTimer = loop.schedule(after: rest) { [weak self] loop in
            self?.restTimer = nil
            self?.updateInterest(on: loop)
        }
        updateInterest(on: loop)
    }

    /// Gives the connection up and, unless closed, tries again after a pause.
    func fail(_ reason: String, on loop: ReactorLoop) {
        if case .closed = state { return }
        let wasUp = isUp
        drop(on: loop)
        state = .waiting(
            loop.schedule(after: backoff.delay()) { [weak self] loop in self?.open(on: loop) })
        owner.linkIsDown(self, wasUp: wasUp, reason: reason, on: loop)
    }

    private func connected(_ outcome: Result<RedisSocket, RedisSocket.Failure>, on loop: ReactorLoop) {
        guard case .connecting = state else { return }
        switch outcome {
        case .failure(let failure): fail(failure.reason, on: loop)
        case .success(let socket):
            do {
                try loop.add(socket.descriptor, for: .readable, handler: self)
            } catch {
                return fail(error.description, on: loop)
            }
            self.socket = socket
            reader = redisReaderCreate()
            greet(on: loop)
        }
    }

    /// The last of it is a PING: a server that still loads its data refuses that.
    private func greet(on loop: ReactorLoop) {
        var writer = RedisCommandWriter()
        var count = 2
        if let password = configuration.password {
            if let user = configuration.user {
                writer.append("AUTH", user, password)
            } else {
                writer.append("AUTH", password)
            }
            count += 1
        }
        if configuration.database != 0 {
            writer.append("SELECT", String(configuration.database))
            count += 1
        }
        writer.append("CLIENT", "SETNAME", configuration.clientName)
        writer.append("PING")
        state = .greeting(left: count)
        heardSomething = true
        scheduleHeartbeat(on: loop)
        enqueue(writer.bytes)
        flush(on: loop)
    }

    private func readAvailable(on loop: ReactorLoop) {
        for _ in 0..<Self.maximumReadsPerTurn {
            guard let socket, let reader else { return }
            let count = readBuffer.withUnsafeMutableBytes { recv(socket.descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 { return fail("the server closed the connection", on: loop) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                return fail(String(cString: strerror(errno)), on: loop)
            }
            heardSomething = true
            let fed = readBuffer.withUnsafeBytes { redisReaderFeed(reader, $0.baseAddress, count) }
            guard fed == REDIS_OK, reader.pointee.len - reader.pointee.pos <= Self.maximumReplyBytes else {
                return fail("a reply is too large", on: loop)
            }
            readReplies(on: loop)
            if count < Self.readSize { return }
        }
    }

    private func readReplies(on loop: ReactorLoop) {
        while let reader {
            var raw: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &raw) == REDIS_OK else {
                return fail("the server does not speak the protocol", on: loop)
            }
            guard let raw else { return }
            let reply = UnsafePointer(raw.assumingMemoryBound(to: redisReply.self))
            receive(reply, on: loop)
            freeReplyObject(raw)
        }
    }

    private func receive(_ reply: UnsafePointer<redisReply>, on loop: ReactorLoop) {
        guard case .greeting(let left) = state else { return owner.link(self, received: reply, on: loop) }
        if reply.pointee.type == REDIS_REPLY_ERROR {
            return fail(String(decoding: reply.text, as: UTF8.self), on: loop)
        }
        state = .greeting(left: left - 1)
        guard left == 1 else { return }
        state = .up
        backoff.reset()
        owner.linkIsUp(self, on: loop)
        flush(on: loop)
    }

    private func scheduleHeartbeat(on loop: ReactorLoop) {
        heartbeat = loop.schedule(after: Self.heartbeatInterval) { [weak self] loop in self?.beat(on: loop) }
    }

    private func beat(on loop: ReactorLoop) {
        if heardSomething {
            askedAlready = false
        } else if askedAlready || !isUp {
            return fail("the server is silent", on: loop)
        } else {
            askedAlready = true
            owner.linkWantsProofOfLife(self, on: loop)
        }
        heardSomething = false
        scheduleHeartbeat(on: loop)
    }

    private func drop(on loop: ReactorLoop) {
        if let heartbeat { loop.cancel(heartbeat) }
        heartbeat = nil
        if let restTimer { loop.cancel(restTimer) }
        restTimer = nil
        askedAlready = false
        if let socket { loop.remove(socket.descriptor) }
        socket = nil
        if let reader { redisReaderFree(reader) }
        reader = nil
        outgoing = []
        written = 0
        wantsWritable = false
    }

    private func setWantsWritable(_ wanted: Bool, on loop: ReactorLoop) {
        guard wanted != wantsWritable else { return }
        wantsWritable = wanted
        updateInterest(on: loop)
    }

    private func updateInterest(on loop: ReactorLoop) {
        guard let socket else { return }
        var interest: Readiness = restTimer == nil ? .readable : []
        if wantsWritable { interest.insert(.writable) }
        do {
            try loop.modify(socket.descriptor, for: interest)
        } catch {
            fail(error.description, on: loop)
        }
    }
}
