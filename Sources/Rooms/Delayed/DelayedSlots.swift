import Cluster
import Synchronization
import Telemetry

/// The slots whose delayed events this worker sends, and when to look for what is due: when the next one is that we know of,
/// and regularly, for what other workers schedule meanwhile.
final class DelayedSlots: Sendable {
    /// How soon an event is found that is due sooner than all that were there at the last look.
    static let pollMilliseconds: Int64 = 1000

    private let clock: any Clock
    private let alarm: Alarm
    private let held = Mutex<Set<Int16>>([])

    init(clock: any Clock) {
        self.clock = clock
        alarm = Alarm(clock: clock)
    }

    func open(_ slot: Int16) {
        held.withLock { _ = $0.insert(slot) }
        alarm.ring()
    }

    func close(_ slot: Int16) { held.withLock { _ = $0.remove(slot) } }

    /// Something is due at once, or may be.
    func wake() { alarm.ring() }

    /// Something is due after a while.
    func wake(after delay: Duration) { alarm.set(at: clock.monotonic + delay) }

    /// Waits until it is time to look. While there is no slot nobody looks.
    func next() async -> Set<Int16> {
        await alarm.wait()
        let slots = held.withLock { $0 }
        if !slots.isEmpty { alarm.set(at: clock.monotonic + .milliseconds(Self.pollMilliseconds)) }
        return slots
    }
}
