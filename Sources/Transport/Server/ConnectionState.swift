import NIOCore

/// When a connection has to be closed: a state machine of instants and counts that touches no socket.
///
/// It answers one question, `deadline`, from what the connection told it. So slow heads, slow bodies, clients that read
/// nothing, and clients that hold connections are one mechanism with one timer.
struct ConnectionState {
    private let limits: ConnectionLimits
    /// Requests whose head was read and whose answer is not complete.
    private(set) var runningRequests = 0
    private var hasServed = false
    private var idleSince: NIODeadline
    /// Set while a body is arriving.
    private var body: (since: NIODeadline, bytes: Int)?
    /// What may still come of a body whose request is answered already.
    private var unwantedBytesLeft: Int?
    private var stalledSince: NIODeadline?
    private var inputClosedAt: NIODeadline?
    private(set) var isDraining = false

    init(limits: ConnectionLimits, now: NIODeadline) {
        self.limits = limits
        idleSince = now
    }

    mutating func headArrived(at now: NIODeadline) {
        runningRequests += 1
        body = (now, 0)
    }

    /// - Returns: whether the connection must be closed, because nobody wants this body any more.
    mutating func bodyArrived(bytes: Int) -> Bool {
        body?.bytes += bytes
        guard let left = unwantedBytesLeft else { return false }
        unwantedBytesLeft = left - bytes
        return left < bytes
    }

    mutating func requestEnded() {
        body = nil
        unwantedBytesLeft = nil
    }

    /// - Returns: whether the connection must be closed now that an answer is complete.
    mutating func responseEnded(at now: NIODeadline) -> Bool {
        runningRequests -= 1
        hasServed = true
        idleSince = now
        if runningRequests == 0, body != nil { unwantedBytesLeft = limits.unwantedBodyBytes }
        return runningRequests == 0 && isDraining
    }

    mutating func writabilityChanged(to isWritable: Bool, at now: NIODeadline) {
        stalledSince = isWritable ? nil : stalledSince ?? now
    }

    mutating func inputClosed(at now: NIODeadline) { inputClosedAt = inputClosedAt ?? now }

    /// No more requests are wanted.
    ///
    /// - Returns: whether the connection can be closed at once.
    mutating func drain() -> Bool {
        isDraining = true
        return runningRequests == 0
    }

    /// When to close unless something happens before; nil when nothing has to happen.
    var deadline: NIODeadline? {
        var candidates: [NIODeadline] = []
        if let stalledSince { candidates.append(stalledSince + TimeAmount(limits.stalledWrite)) }
        if let inputClosedAt, runningRequests > 0 {
            candidates.append(inputClosedAt + TimeAmount(limits.afterInputClosed))
        }
        if let body {
            let seconds = body.bytes / max(1, limits.minimumBodyBytesPerSecond)
            candidates.append(body.since + TimeAmount(limits.bodyGrace) + .seconds(Int64(seconds)))
        } else if runningRequests == 0 {
            candidates.append(idleSince + TimeAmount(hasServed ? limits.idle : limits.firstHead))
        }
        return candidates.min()
    }
}
