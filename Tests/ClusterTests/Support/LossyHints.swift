import Cluster
import Synchronization

/// Hints between workers of one process that get lost as a test wants it. The real bus is tested as well.
final class LossyHints: HintBus {
    private struct State {
        var receivers: [String: [@Sendable ([UInt8]) -> Void]] = [:]
        var published = 0
    }

    private let state = Mutex(State())
    private let isLost: @Sendable (Int) -> Bool

    /// - Parameter isLost: whether the message of that number, counted from 0, goes nowhere.
    init(_ isLost: @escaping @Sendable (Int) -> Bool) { self.isLost = isLost }

    let isConnected = true

    func publish(_ payload: [UInt8], to channel: String) {
        let receivers = state.withLock { state in
            defer { state.published += 1 }
            return isLost(state.published) ? [] : state.receivers[channel] ?? []
        }
        for receive in receivers { receive(payload) }
    }

    func subscribe(to channel: String, _ receive: @escaping @Sendable ([UInt8]) -> Void) {
        state.withLock { $0.receivers[channel, default: []].append(receive) }
    }

    func publishStamped(_ payload: [UInt8], to channel: String) async -> Bool { false }
    func subscribeStamped(
        to channel: String, _ receive: @escaping @Sendable (_ serial: Int64, _ payload: [UInt8]) -> Void
    ) {}
    func observeConnection(_ connected: @escaping @Sendable () -> Void) {}
}
