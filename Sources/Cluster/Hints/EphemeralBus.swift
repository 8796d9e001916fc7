import Synchronization
package import Telemetry

/// Carries what is gone a minute later (typing) between workers, each message with a serial: the place of a sync token in it.
///
/// Serials are microseconds since 1970, pushed up so that none comes twice. Redis gives them, in one step with the
/// publication, so all workers see the same messages in the same order. Without Redis a worker numbers its own messages and
/// nobody else sees them.
package final class EphemeralBus: Sendable {
    package typealias Receiver = @Sendable (_ serial: Int64, _ payload: [UInt8]) -> Void

    private struct State {
        var newest: Int64
        var receivers: [Receiver] = []
    }

    private let hints: any HintBus
    private let channel: String
    private let clock: any Clock
    private let state: Mutex<State>

    package init(incarnation: UInt32, hints: any HintBus, clock: any Clock) {
        self.hints = hints
        self.clock = clock
        channel = "apus:\(String(incarnation, radix: 16)):ephemeral"
        // What was before this worker began is nobody's news.
        state = Mutex(State(newest: 0))
        hints.subscribeStamped(to: channel) { [weak self] serial, payload in self?.deliver(payload, serial: serial) }
    }

    /// The serial of the newest message.
    package var newest: Int64 { state.withLock { $0.newest } }

    /// From now on `receive` is called with every message, one after the other, in ascending order of their serials. It must
    /// be quick and must not send.
    package func observe(_ receive: @escaping Receiver) {
        state.withLock { $0.receivers.append(receive) }
    }

    /// Sends to all workers, this one included.
    package func send(_ payload: [UInt8]) async {
        if await hints.publishStamped(payload, to: channel) { return }
        deliver(payload, serial: nil)
    }

    private func deliver(_ payload: [UInt8], serial: Int64?) {
        state.withLock { state in
            // One that comes late, after this worker had numbered one by itself, is the newest all the same.
            let floor = serial ?? clock.nowMilliseconds.multipliedReportingOverflow(by: 1000).partialValue
            state.newest = max(state.newest + 1, floor)
            for receiver in state.receivers { receiver(state.newest, payload) }
        }
    }
}
