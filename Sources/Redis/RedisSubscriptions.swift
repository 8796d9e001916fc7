/// The channels that are wanted, and how far the server is with them. Touched on the reactor's thread only.
struct RedisSubscriptions {
    typealias Handler = @Sendable ([UInt8]) -> Void
    typealias Confirmation = CheckedContinuation<Bool, Never>

    private struct Subscription {
        var handler: Handler
        /// Who waits for the server's confirmation.
        var waiters: [Confirmation] = []
    }

    private var wanted: [String: Subscription] = [:]
    /// SUBSCRIBE commands of a channel that the server has not answered yet. It answers in order: so a channel that
    /// was given up and wanted again is confirmed by the last answer, not by the first.
    private var unanswered: [String: Int] = [:]

    var channels: [String] { Array(wanted.keys) }
    var count: Int { wanted.count }
    var isSettled: Bool { unanswered.isEmpty }

    func handler(of channel: String) -> Handler? { wanted[channel]?.handler }

    /// - Returns: whether the server must be told; otherwise the channel is subscribed already, or about to be.
    mutating func subscribe(_ channel: String, _ handler: @escaping Handler, isUp: Bool, _ waiter: Confirmation) -> Bool
    {
        let isNew = wanted[channel] == nil
        wanted[channel, default: Subscription(handler: handler)].handler = handler
        if isUp, isNew || unanswered[channel] != nil {
            wanted[channel]?.waiters.append(waiter)
        } else {
            waiter.resume(returning: isUp)
        }
        return isNew && isUp
    }

    /// - Returns: whether the server must be told.
    mutating func unsubscribe(_ channel: String) -> Bool {
        guard let subscription = wanted.removeValue(forKey: channel) else { return false }
        for waiter in subscription.waiters { waiter.resume(returning: false) }
        return true
    }

    mutating func sentSubscribe(_ channel: String) { unanswered[channel, default: 0] += 1 }

    mutating func confirmed(_ channel: String) {
        guard let count = unanswered[channel] else { return }
        guard count == 1 else {
            unanswered[channel] = count - 1
            return
        }
        unanswered[channel] = nil
        for waiter in takeWaiters(of: channel) { waiter.resume(returning: true) }
    }

    /// Wanted channels stay wanted; nobody is left waiting.
    mutating func connectionLost() {
        unanswered = [:]
        for channel in wanted.keys {
            for waiter in takeWaiters(of: channel) { waiter.resume(returning: false) }
        }
    }

    private mutating func takeWaiters(of channel: String) -> [Confirmation] {
        guard let waiters = wanted[channel]?.waiters, !waiters.isEmpty else { return [] }
        wanted[channel]?.waiters = []
        return waiters
    }
}
