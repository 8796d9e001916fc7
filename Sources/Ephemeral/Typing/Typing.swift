package import Cluster
package import MatrixCore
import Storage
import Synchronization
package import Telemetry

/// Who is typing, in every room. Never stored: it is gone with the worker, and nobody misses it.
///
/// The worker that was told of somebody's typing also tells when its time is over; the others wait a little longer, in case
/// that worker is no more.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#typing-notifications
package final class Typing: Sendable {
    /// The longest that somebody types without saying so again.
    package static let maxTimeout = Duration.seconds(120)
    /// When a client does not say how long.
    package static let defaultTimeout = Duration.seconds(30)
    /// Other servers do not say how long; they repeat themselves.
    package static let remoteTimeout = Duration.seconds(60)
    /// Users who type in a room at the same time; further ones are not noticed.
    private static let maxTypistsPerRoom = 100
    /// Rooms that are remembered, those where typing has ended included. When full, the quiet ones are forgotten.
    private static let maxRooms = 50_000
    /// Changes that are found by their serials, and up to twice as many; older ones by a look at all rooms.
    fileprivate static let maxRecent = 4_096
    private static let sweepInterval = Duration.milliseconds(500)
    private static let graceForOthers = Duration.seconds(2)

    /// A change that others may want to hear of, such as the servers in the room.
    package struct Change: Sendable, Hashable {
        package let roomNID: RoomNID
        package let userID: UserID
        package let isTyping: Bool
        /// The user said again what was known.
        package let isRenewal: Bool
    }

    package typealias Observer = @Sendable (Change) -> Void

    private struct Typist {
        let userID: UserID
        var until: Duration
    }

    private struct Announcement: Hashable {
        let roomNID: RoomNID
        let userID: UserID
    }

    private struct Room {
        var serial: Int64 = 0
        var typists: [Typist] = []
    }

    private struct State {
        var rooms: [RoomNID: Room] = [:]
        /// Where something changed lately, in the order of the serials: who asks for that must not look at all rooms.
        var recent: [(serial: Int64, room: RoomNID)] = []
        /// What changed up to here is not in `recent`.
        var forgottenUpTo = Int64.min
        /// Rooms with typists.
        var busy: Set<RoomNID> = []
        /// Of whom this worker tells the others; until the message has come back.
        var announced: Set<Announcement> = []
        var observers: [Observer] = []

        /// Serials come in ascending order.
        mutating func noteChange(_ serial: Int64, in room: RoomNID) {
            recent.append((serial, room))
            guard recent.count >= 2 * Typing.maxRecent else { return }
            forgottenUpTo = recent[Typing.maxRecent - 1].serial
            recent.removeFirst(Typing.maxRecent)
        }

        /// The rooms in which something may have changed after a serial.
        func changedRooms(after serial: Int64) -> [RoomNID] {
            guard serial >= forgottenUpTo else { return Array(rooms.keys) }
            return recent[recent.partitioningIndex { $0.serial > serial }...].map(\.room)
        }
    }

    private let bus: EphemeralBus
    private let watches: UserWatches
    private let clock: any Clock
    /// Set while somebody types.
    private let alarm: Alarm
    private let state = Mutex(State())

    package init(bus: EphemeralBus, watches: UserWatches, clock: any Clock) {
        self.bus = bus
        self.watches = watches
        self.clock = clock
        alarm = Alarm(clock: clock)
        bus.observe { [weak self] serial, payload in self?.receive(payload, serial: serial) }
    }

    /// From now on `observer` is called with every change, in any worker. It must be quick and must not block.
    package func observe(_ observer: @escaping Observer) { state.withLock { $0.observers.append(observer) } }

    // MARK: Changing

    /// Notes that a user types, or does not any more. Whether the user may is the caller's business.
    ///
    /// - Parameter timeout: for how long, at most `maxTimeout`; `nil` when not any more.
    package func set(_ userID: UserID, in room: RoomNID, for timeout: Duration?) async {
        let timeout = timeout.flatMap { $0 > .zero ? min($0, Self.maxTimeout) : nil }
        let announcement = Announcement(roomNID: room, userID: userID)
        let isNeeded = state.withLock { state in
            // Whoever does not type and stops typing is no news, and clients say it with every message.
            if timeout == nil, state.rooms[room]?.typists.contains(where: { $0.userID == userID }) != true {
                return false
            }
            state.announced.insert(announcement)
            return true
        }
        guard isNeeded else { return }
        await bus.send(TypingMessage(roomNID: room, userID: userID, timeout: timeout).encoded)
        state.withLock { _ = $0.announced.remove(announcement) }
    }

    /// Messages come one after the other, in the order of their serials.
    private func receive(_ payload: [UInt8], serial: Int64) {
        guard let message = TypingMessage(payload) else { return }
        let now = clock.monotonic
        let (outcome, observers) = state.withLock { (apply(message, serial: serial, now: now, to: &$0), $0.observers) }
        guard outcome != .nothing else { return }
        if message.timeout != nil { alarm.set(at: now + Self.sweepInterval) }
        if outcome == .changed { watches.touch(message.roomNID, ephemeral: serial) }
        let change = Change(
            roomNID: message.roomNID, userID: message.userID, isTyping: message.timeout != nil,
            isRenewal: outcome == .renewed)
        for observer in observers { observer(change) }
    }

    private enum Outcome {
        case nothing
        case renewed
        /// Clients see a difference.
        case changed
    }

    private func apply(_ message: TypingMessage, serial: Int64, now: Duration, to state: inout State) -> Outcome {
        var room = state.rooms[message.roomNID] ?? Room()
        let place = room.typists.firstIndex { $0.userID == message.userID }
        var outcome = Outcome.changed
        switch (message.timeout, place) {
        case (nil, nil): return .nothing
        case (nil, let place?): room.typists.remove(at: place)
        case (let timeout?, let place?):
            room.typists[place].until = now + timeout + grace(message, state)
            outcome = .renewed
        case (let timeout?, nil):
            guard room.typists.count < Self.maxTypistsPerRoom, makeRoom(for: message.roomNID, in: &state) else {
                return .nothing
            }
            room.typists.append(Typist(userID: message.userID, until: now + timeout + grace(message, state)))
        }
        if outcome == .changed {
            room.serial = serial
            state.noteChange(serial, in: message.roomNID)
        }
        state.rooms[message.roomNID] = room
        if room.typists.isEmpty { state.busy.remove(message.roomNID) } else { state.busy.insert(message.roomNID) }
        return outcome
    }

    private func grace(_ message: TypingMessage, _ state: State) -> Duration {
        state.announced.contains(Announcement(roomNID: message.roomNID, userID: message.userID))
            ? .zero : Self.graceForOthers
    }

    private func makeRoom(for room: RoomNID, in state: inout State) -> Bool {
        guard state.rooms[room] == nil, state.rooms.count >= Self.maxRooms else { return true }
        state.rooms = state.rooms.filter { !$0.value.typists.isEmpty }
        return state.rooms.count < Self.maxRooms
    }

    // MARK: Asking

    /// Who types in the room, in the order in which they began.
    package func typists(in room: RoomNID) -> [UserID] {
        state.withLock { $0.rooms[room]?.typists.map(\.userID) ?? [] }
    }

    /// The rooms, of those asked for, in which something changed after a serial and up to another, with who types there now.
    ///
    /// Cost: a look at what changed since, in any room.
    package func changes(
        after serial: Int64, upTo newest: Int64, in isWanted: (RoomNID) -> Bool
    ) -> [RoomNID: [UserID]] {
        state.withLock { state in
            var changes: [RoomNID: [UserID]] = [:]
            for room in state.changedRooms(after: serial) where isWanted(room) {
                guard let value = state.rooms[room], value.serial > serial, value.serial <= newest else { continue }
                changes[room] = value.typists.map(\.userID)
            }
            return changes
        }
    }

    /// The rooms, of those asked for, in which somebody types.
    package func current(in isWanted: (RoomNID) -> Bool) -> [RoomNID: [UserID]] {
        state.withLock { state in
            var current: [RoomNID: [UserID]] = [:]
            for room in state.busy where isWanted(room) { current[room] = state.rooms[room]?.typists.map(\.userID) }
            return current
        }
    }

    // MARK: Ending

    /// Ends typing whose time is over, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await alarm.wait()
            for message in overdue() { await bus.send(message.encoded) }
            if state.withLock({ !$0.busy.isEmpty }) { alarm.set(at: clock.monotonic + Self.sweepInterval) }
        }
    }

    /// Whose time is over. What another worker should have told goes out as well: whoever is first tells all.
    private func overdue() -> [TypingMessage] {
        let now = clock.monotonic
        return state.withLock { state in
            state.busy.flatMap { room in
                (state.rooms[room]?.typists ?? []).filter { $0.until <= now }
                    .map { TypingMessage(roomNID: room, userID: $0.userID, timeout: nil) }
            }
        }
    }
}
