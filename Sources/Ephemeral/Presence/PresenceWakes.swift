package import Cluster
import MatrixCore
import Storage
import Synchronization
package import Telemetry

/// Wakes the clients of this worker that see somebody come or go.
///
/// Somebody may share rooms with all of them, and on a large server somebody comes and goes all the time. So news are
/// gathered, each client is woken once for all of them, and so many clients in a while at most: who is not woken yet
/// sees them with whatever it is woken for, or later.
package final class PresenceWakes: Sendable {
    /// How long news are gathered, and how far apart turns are.
    private static let moment = Duration.milliseconds(250)
    /// Before the first turn after a quiet time.
    private static let firstMoment = Duration.milliseconds(20)
    /// Clients that one turn wakes: 400 a second.
    package static let maxWakesATurn = 100
    /// People whose rooms are looked up in one turn.
    private static let maxPeopleATurn = 200
    /// People of whom there is news; those above are seen with something else.
    private static let maxGathered = 20_000

    private struct State {
        var people: Set<UserNID> = []
        /// Users to be woken.
        var owed: Set<UserNID> = []
        var newest: Int64 = 0
        var lastTurn = Duration.zero
    }

    private let watches: UserWatches
    private let joined: JoinedRooms
    private let telemetry: Telemetry
    private let alarm: Alarm
    private let state = Mutex(State())

    package init(_ presence: Presence, watches: UserWatches, joined: JoinedRooms, telemetry: Telemetry) {
        self.watches = watches
        self.joined = joined
        self.telemetry = telemetry
        alarm = Alarm(clock: telemetry.clock)
        presence.observe { [weak self] change in self?.take(change) }
    }

    private func take(_ change: Presence.Change) {
        guard change.news != .none else { return }
        let wakes = state.withLock { state in
            state.newest = max(state.newest, change.serial)
            guard change.news == .state, state.people.count < Self.maxGathered else { return nil as Duration? }
            state.people.insert(change.userNID)
            return max(telemetry.clock.monotonic + Self.firstMoment, state.lastTurn + Self.moment)
        }
        if let wakes { alarm.set(at: wakes) }
    }

    /// Wakes clients until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await alarm.wait()
            do {
                try await turn()
            } catch {
                guard !Task.isCancelled else { return }
                telemetry.log.debug("somebody's presence woke nobody", [.cause: "\(error)"])
            }
            let now = telemetry.clock.monotonic
            let goesOn = state.withLock { state in
                state.lastTurn = now
                return !state.people.isEmpty || !state.owed.isEmpty
            }
            if goesOn { alarm.set(at: now + Self.moment) }
        }
    }

    private func turn() async throws {
        let (people, newest) = state.withLock { state in
            let people = Set(state.people.prefix(Self.maxPeopleATurn))
            state.people.subtract(people)
            return (people, state.newest)
        }
        // Whoever is woken by something else sees it from here on.
        watches.pass(ephemeral: newest)
        guard watches.counts.users > 0 else { return state.withLock { $0.owed = [] } }
        if !people.isEmpty {
            let rooms = try await joined.stays(of: people).values.reduce(into: Set()) { $0.formUnion($1.joined.keys) }
            let watchers = watches.watchers(of: rooms).union(people)
            state.withLock { $0.owed.formUnion(watchers) }
        }
        let woken = state.withLock { state in
            let some = Set(state.owed.prefix(Self.maxWakesATurn))
            state.owed.subtract(some)
            return some
        }
        watches.touch(woken, ephemeral: newest)
    }
}
