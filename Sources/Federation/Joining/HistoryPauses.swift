import MatrixCore
import Synchronization
import Telemetry

/// Which events nobody could give us lately: whoever scrolls back through a room asks for them again and again.
final class HistoryPauses: Sendable {
    private static let maxRemembered = 10_000
    private static let shortest = Duration.seconds(30)
    private static let longest = Duration.seconds(6 * 3600)

    private struct Pause {
        var failures: Int
        var until: Duration
    }

    private let clock: any Clock
    private let pauses = Mutex<[EventID: Pause]>([:])

    init(clock: any Clock) { self.clock = clock }

    /// Those of the events that may be asked for now.
    func due(_ ids: [EventID]) -> [EventID] {
        let now = clock.monotonic
        return pauses.withLock { pauses in ids.filter { (pauses[$0]?.until ?? now) <= now } }
    }

    /// Nobody had them; each time the pause is twice as long.
    func note(_ ids: [EventID]) {
        let now = clock.monotonic
        pauses.withLock { pauses in
            if pauses.count > Self.maxRemembered { pauses = [:] }
            for id in ids {
                let failures = min((pauses[id]?.failures ?? 0) + 1, 20)
                let pause = min(Self.shortest * (1 << (failures - 1)), Self.longest)
                pauses[id] = Pause(failures: failures, until: now + pause)
            }
        }
    }
}
