internal import CLinux
internal import Glibc

/// A reactor's thread seen from within: its descriptors, its timers, its idea of now.
///
/// Not `Sendable` on purpose. It is only ever lent to code that runs on the thread, so that having it is the proof of
/// being there; see `LoopBound`.
package final class ReactorLoop {
    /// How many ready descriptors one `epoll_wait` may report. More of them wait for the next turn.
    private static let maximumEventsPerTurn = 128

    private struct Registration {
        let handler: any ReactorHandler
        /// Tells a descriptor from an earlier one of the same number, of which an event may still be in hand.
        let generation: UInt32
    }

    /// The monotonic clock at the start of the current turn.
    package private(set) var now: MonotonicTime

    private let epoll: Int32
    private let wakeup: Int32
    private var registrations: [Int32: Registration] = [:]
    private var generation: UInt32 = 0
    private var timers = TimerQueue()
    private var events = [epoll_event](repeating: epoll_event(), count: maximumEventsPerTurn)

    init(epoll: Int32, wakeup: Int32) {
        self.epoll = epoll
        self.wakeup = wakeup
        now = .now()
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = UInt64(UInt32(bitPattern: wakeup))
        epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event)
    }

    /// Watches a descriptor, level-triggered. The loop holds on to the handler until `remove`.
    package func add(
        _ descriptor: Int32, for interest: Readiness, handler: any ReactorHandler
    ) throws(ReactorError) {
        generation &+= 1
        try control(EPOLL_CTL_ADD, descriptor, interest, generation)
        registrations[descriptor] = Registration(handler: handler, generation: generation)
    }

    /// Changes what the owner of a watched descriptor wants to hear about.
    package func modify(_ descriptor: Int32, for interest: Readiness) throws(ReactorError) {
        guard let registration = registrations[descriptor] else {
            throw ReactorError(call: "epoll_ctl", code: ENOENT)
        }
        try control(EPOLL_CTL_MOD, descriptor, interest, registration.generation)
    }

    /// Stops watching. To be called before the descriptor is closed; calling it again does nothing.
    package func remove(_ descriptor: Int32) {
        guard registrations.removeValue(forKey: descriptor) != nil else { return }
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Runs `action` once, on this thread, not before `delay` has passed.
    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping (ReactorLoop) -> Void) -> ReactorTimer {
        timers.insert(at: MonotonicTime.now() + delay, action)
    }

    /// Forgets a timer. Does nothing when it has fired.
    package func cancel(_ timer: ReactorTimer) {
        timers.remove(timer)
    }

    /// Waits for descriptors (not at all when there is other work), then serves them and the timers that are due.
    func turn(mayWait: Bool) {
        let timeout: Int32 = mayWait ? timers.millisecondsUntilNext(from: .now()) : 0
        let count = events.withUnsafeMutableBufferPointer { buffer in
            epoll_wait(epoll, buffer.baseAddress, Int32(buffer.count), timeout)
        }
        now = .now()
        for index in 0..<Int(max(0, count)) { serve(events[index]) }
        while let action = timers.popDue(at: now) { action(self) }
    }

    private func serve(_ event: epoll_event) {
        let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: event.data.u64))
        if descriptor == wakeup {
            var count: UInt64 = 0
            _ = read(wakeup, &count, 8)
            return
        }
        guard let registration = registrations[descriptor],
            registration.generation == UInt32(truncatingIfNeeded: event.data.u64 >> 32)
        else { return }
        registration.handler.ready(Readiness(rawValue: event.events), on: self)
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ generation: UInt32
    ) throws(ReactorError) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        guard epoll_ctl(epoll, operation, descriptor, &event) == 0 else {
            throw ReactorError(call: "epoll_ctl", code: errno)
        }
    }
}
