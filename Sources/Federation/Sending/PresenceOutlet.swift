import Cluster
import Ephemeral
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// Whose presence there is to tell other servers: local users' of whom there is news, and those of whom was not told for long,
/// since other servers forget.
final class PresenceOutlet: Sendable {
    /// How long news are gathered: they go to servers together.
    static let moment = Duration.seconds(1)
    /// Other servers forget after half an hour.
    private static let repeatInterval = Duration.seconds(25 * 60)
    /// People of whom there is to tell; those above are told of when there is news of them again.
    private static let maxWaiting = 20_000
    /// People looked up at once.
    static let maxAtOnce = 200
    /// People of whom it is remembered when they were told of; when full, some are told of more often.
    private static let maxRemembered = 200_000

    private struct State {
        var waiting: Set<UserNID> = []
        var told: [UserNID: Duration] = [:]
    }

    let visible: VisiblePresence
    private let clock: any Clock
    private let alarm: Alarm
    private let state = Mutex(State())

    init(_ visible: VisiblePresence, clock: any Clock) {
        self.visible = visible
        self.clock = clock
        alarm = Alarm(clock: clock)
        visible.presence.observe { [weak self] change in self?.take(change) }
    }

    private func take(_ change: Presence.Change) {
        guard change.isLocal else { return }
        let now = clock.monotonic
        let isNeeded = state.withLock { state in
            if change.isOld {
                // Other servers have been told of it by whoever did this before.
                state.told[change.userNID] = now
                return false
            }
            let told = state.told[change.userNID]
            guard change.news != .none || told.map({ now - $0 >= Self.repeatInterval }) ?? true,
                state.waiting.count < Self.maxWaiting
            else { return false }
            return state.waiting.insert(change.userNID).inserted
        }
        if isNeeded { alarm.set(at: now + Self.moment) }
    }

    /// Waits until there is something to tell, and takes some of it. Empty when the task was cancelled.
    func next() async -> [PresenceStatus: Set<RoomNID>] {
        while !Task.isCancelled {
            await alarm.wait()
            let now = clock.monotonic
            let people = state.withLock { state -> [UserNID] in
                let some = Array(state.waiting.prefix(Self.maxAtOnce))
                state.waiting.subtract(some)
                if state.told.count >= Self.maxRemembered { state.told = [:] }
                for user in some { state.told[user] = now }
                if !state.waiting.isEmpty { alarm.set(at: now + Self.moment) }
                return some
            }
            guard !people.isEmpty else { continue }
            do {
                let rooms = try await visible.joined.rooms(joinedBy: people)
                let statuses = visible.presence.statuses(of: people)
                return statuses.reduce(into: [:]) { $0[$1.value] = rooms[$1.key] ?? [] }
            } catch {
                continue
            }
        }
        return [:]
    }
}
