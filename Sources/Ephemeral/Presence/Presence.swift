package import Cluster
package import MatrixCore
import Storage
import Synchronization
package import Telemetry

/// Who is there: users of ours by what their devices do, users of other servers by what these say.
///
/// Nothing of it is stored. The process that serves a device watches over it: it tells the others when the device comes, when
/// it is gone, and in between only every few minutes; so a client that polls costs a look into memory. Since all processes
/// hear the same in the same order, each makes the same of it. What a process that died watched over ends by itself.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#presence
package final class Presence: Sendable {
    /// A device that does not ask any more is gone after the time its last request took, and this.
    package static let linger = Duration.seconds(30)
    /// For how long a client that does not sync is what it said it is.
    package static let statedFor = Duration.seconds(60)
    /// Other servers repeat themselves before that is over.
    package static let remoteTimeout = Duration.seconds(1800)
    /// For how long others believe what a process said of a device.
    static let validity = Duration.seconds(300)
    /// Whoever does something again and again is told of this often at most.
    static let activityInterval = Duration.seconds(30)
    /// How long others wait for the process that should have told of something.
    private static let grace = Duration.seconds(5)
    private static let tick = Duration.seconds(2)
    /// A process that has just begun hears little before it is connected.
    private static let introductionDelay = Duration.seconds(2)
    private static let answerInterval = Duration.seconds(5)

    /// What a process learned.
    package struct Change: Sendable, Hashable {
        package enum News: Sendable, Hashable {
            /// It was said again.
            case none
            /// Only whether the user is active: clients learn it with whatever else they are told.
            case activity
            case state
        }

        package let userNID: UserNID
        package let serial: Int64
        package let isLocal: Bool
        package let news: News
        /// It was so before this process began.
        package let isOld: Bool
    }

    package typealias Observer = @Sendable (Change) -> Void

    private struct DeviceKey: Hashable {
        let user: UserNID
        let device: PresenceDevice
    }

    private struct State {
        var table = PresenceTable()
        /// The devices that this process watches over, and until when they are there.
        var own: [DeviceKey: Duration] = [:]
        /// Whom to look at at which tick. An entry counts when the person is scheduled for it.
        var wheel: [Int64: Set<UserNID>] = [:]
        var observers: [Observer] = []
        var introducesItself: Duration?
        /// Somebody has begun who knows of nobody.
        var answersAt: Duration?
    }

    private let bus: EphemeralBus
    private let server: ServerName
    private let clock: any Clock
    /// Names this process.
    private let owner: UInt64
    private let alarm: Alarm
    private let state = Mutex(State())

    package init(bus: EphemeralBus, server: ServerName, telemetry: Telemetry) {
        self.bus = bus
        self.server = server
        clock = telemetry.clock
        owner = telemetry.random.next()
        alarm = Alarm(clock: telemetry.clock)
        bus.observe { [weak self] serial, payload in self?.receive(payload, serial: serial) }
    }

    /// From now on `observer` is called with what is learned. It must be quick and must not block.
    package func observe(_ observer: @escaping Observer) { state.withLock { $0.observers.append(observer) } }

    // MARK: Local users

    /// A device asks for news, and will do so for `timeout`.
    ///
    /// - Parameter presence: what the client says of its user; `offline` leaves it unseen.
    /// - Cost: a look into memory, unless the device was not there before or comes from another worker.
    package func heartbeat(
        _ user: UserID, _ userNID: UserNID, device: String?, as presence: PresenceState, for timeout: Duration
    ) async {
        guard presence != .offline else { return }
        let key = DeviceKey(user: userNID, device: PresenceDevice(device))
        let now = clock.monotonic
        let entry = state.withLock { state -> PresenceEntry? in
            let known = state.table.people[userNID]?.devices[key.device]
            state.own[key] = max(state.own[key] ?? .zero, now + timeout + Self.linger)
            if let known, known.owner == owner, known.state == presence { return nil }
            // Coming is doing something, and so is what a client calls it; going on is not.
            let goesOn = known.map { $0.state == presence || presence == .unavailable } ?? false
            return claim(key, of: user, presence, idleFor: goesOn ? known.map { now - $0.lastActive } : nil)
        }
        if let entry { await send([entry]) }
    }

    /// A device did something that only somebody who is there does.
    ///
    /// - Cost: a look into memory, and a message to the other processes at most every `activityInterval`.
    package func noteActivity(of user: UserID, _ userNID: UserNID, device: String?) async {
        let key = DeviceKey(user: userNID, device: PresenceDevice(device))
        let now = clock.monotonic
        let entry = state.withLock { state -> PresenceEntry? in
            // Whoever does not want to be seen is not.
            guard let known = state.table.people[userNID]?.devices[key.device], known.state != .offline else {
                return nil
            }
            if known.state == .online, now - known.lastActive < Self.activityInterval { return nil }
            var entry = claim(key, of: user, .online, idleFor: nil)
            entry.owner = known.owner
            return entry
        }
        if let entry { await send([entry]) }
    }

    /// A client says what its user is, and what the user says of it.
    ///
    /// - Parameter message: at most `maxMessageBytes`.
    package func set(
        _ user: UserID, _ userNID: UserNID, device: String?, to presence: PresenceState, message: String?
    ) async {
        let key = DeviceKey(user: userNID, device: PresenceDevice(device))
        let now = clock.monotonic
        let entry = state.withLock { state -> PresenceEntry in
            var entry = claim(key, of: user, presence, idleFor: nil)
            if let known = state.table.people[userNID]?.devices[key.device] { entry.owner = known.owner }
            if entry.owner == owner { state.own[key] = max(state.own[key] ?? .zero, now + Self.statedFor) }
            entry.message = .changed(message)
            return entry
        }
        await send([entry])
    }

    package static var maxMessageBytes: Int { PresenceEntry.maxMessageBytes }

    // MARK: Users of other servers

    /// What another server says of users of its own. Whether it may is the caller's business.
    package func note(_ remote: [(user: UserNID, status: PresenceStatus)]) async {
        let now = clock.monotonic
        let entries = state.withLock { state in
            remote.compactMap { user, status -> PresenceEntry? in
                let key = DeviceKey(user: user, device: .remote)
                state.own[key] = now + Self.remoteTimeout
                var entry = claim(key, of: status.userID, status.state, idleFor: status.lastActiveAgo)
                entry.isActive = status.isCurrentlyActive
                entry.message = .changed(status.message)
                // Servers repeat themselves, and each worker would hear it again.
                let person = state.table.people[user]
                if let person, let known = person.devices[.remote], known.owner == owner, known.state == status.state,
                    known.isActive == status.isCurrentlyActive, person.message == status.message,
                    known.expires - now > Self.remoteTimeout / 2
                {
                    return nil
                }
                return entry
            }
        }
        await send(entries)
    }

    // MARK: Asking

    /// `nil` for somebody of whom nobody has heard.
    package func status(of user: UserNID) -> PresenceStatus? {
        let now = clock.monotonic
        return state.withLock { $0.table.status(of: user, at: now) }
    }

    package func statuses(of users: some Sequence<UserNID>) -> [UserNID: PresenceStatus] {
        let now = clock.monotonic
        return state.withLock { state in
            users.reduce(into: [:]) { found, user in found[user] = state.table.status(of: user, at: now) }
        }
    }

    /// Who is there, those of whom there was news last first.
    package func present(atMost limit: Int) -> [UserNID] { state.withLock { $0.table.present(atMost: limit) } }

    /// Of whom there was news after a serial and not after another; all who are there when that is not remembered any more.
    package func changed(after serial: Int64, upTo newest: Int64, atMost limit: Int) -> [UserNID] {
        state.withLock { state in
            state.table.changed(after: serial, upTo: newest, atMost: limit) ?? state.table.present(atMost: limit)
        }
    }

    // MARK: What all processes hear

    /// What this process says of a device from now on.
    private func claim(
        _ key: DeviceKey, of user: UserID, _ presence: PresenceState, idleFor: Duration?
    ) -> PresenceEntry {
        PresenceEntry(
            userNID: key.user, userID: user, device: key.device, owner: owner, state: presence,
            idleFor: idleFor ?? .zero, validFor: key.device == .remote ? Self.remoteTimeout : Self.validity)
    }

    private func send(_ entries: [PresenceEntry]) async {
        for message in PresenceMessage.messages(of: entries) { await bus.send(message.encoded) }
    }

    /// Messages come one after the other, in the order of their serials.
    private func receive(_ payload: [UInt8], serial: Int64) {
        guard let message = PresenceMessage(payload) else { return }
        let now = clock.monotonic
        let (changes, observers) = state.withLock { state -> ([Change], [Observer]) in
            switch message {
            case .newcomer:
                let isFree = state.answersAt == nil && !state.own.isEmpty
                if isFree { state.answersAt = now + Self.answerInterval }
                if isFree { alarm.set(at: now + Self.answerInterval) }
                return ([], [])
            case .entries(let entries):
                return (entries.compactMap { apply($0, serial: serial, now: now, to: &state) }, state.observers)
            }
        }
        for change in changes { for observer in observers { observer(change) } }
    }

    private func apply(_ entry: PresenceEntry, serial: Int64, now: Duration, to state: inout State) -> Change? {
        let key = DeviceKey(user: entry.userNID, device: entry.device)
        let isLocal = entry.userID.serverName == server
        let outcome = state.table.apply(entry, serial: serial, now: now, isLocal: isLocal)
        if outcome == .ignored { return nil }
        if entry.owner != owner || entry.validFor <= .zero {
            state.own[key] = nil
        } else if state.own[key] == nil {
            // Another process took it and gave it back while our own message was under way.
            state.own[key] = now + Self.statedFor
        }
        schedule(entry.userNID, now: now, in: &state)
        let news: Change.News =
            switch outcome {
            case .ignored, .unchanged: .none
            case .changed(let isWorthWaking): isWorthWaking ? .state : .activity
            }
        return Change(
            userNID: entry.userNID, serial: serial, isLocal: isLocal, news: news, isOld: entry.isSnapshot)
    }

    // MARK: Time

    /// Whether all that changed by itself until now has been told.
    package var isUpToDate: Bool { alarm.isAsleep }

    /// Tells what changes by itself, until the task is cancelled.
    package func run() async {
        let begin = clock.monotonic + Self.introductionDelay
        state.withLock { $0.introducesItself = begin }
        alarm.set(at: begin)
        while !Task.isCancelled {
            await alarm.wait()
            let now = clock.monotonic
            let (isNewcomer, entries, next) = state.withLock { takeDue(at: now, in: &$0) }
            if let next { alarm.set(at: next) }
            if isNewcomer { await bus.send(PresenceMessage.newcomer.encoded) }
            await send(entries)
        }
    }

    /// What is to be said now, and when there may be something next.
    private func takeDue(
        at now: Duration, in state: inout State
    ) -> (isNewcomer: Bool, entries: [PresenceEntry], next: Duration?) {
        let isNewcomer = state.introducesItself.map { $0 <= now } ?? false
        if isNewcomer { state.introducesItself = nil }
        var entries: [PresenceEntry] = []
        if let answersAt = state.answersAt, answersAt <= now {
            state.answersAt = nil
            entries = snapshot(at: now, of: state)
        }
        let ticks = state.wheel.keys.filter { $0 <= Self.tick(of: now) }
        for tick in ticks {
            for user in state.wheel.removeValue(forKey: tick) ?? []
            where state.table.people[user]?.scheduled == tick {
                state.table.schedule(user, at: nil)
                entries += due(user, at: now, in: &state)
                schedule(user, now: now, in: &state)
            }
        }
        let next = [state.wheel.keys.min().map(Self.time), state.answersAt, state.introducesItself]
            .compactMap { $0 }.min()
        return (isNewcomer, entries, next)
    }

    /// What is to be said of somebody now.
    private func due(_ user: UserNID, at now: Duration, in state: inout State) -> [PresenceEntry] {
        guard let person = state.table.people[user] else { return [] }
        var entries: [PresenceEntry] = []
        for (device, known) in person.devices {
            let until = state.own[DeviceKey(user: user, device: device)]
            var entry = restated(device, known, of: person, user, at: now)
            if until.map({ $0 <= now }) ?? (known.expires + Self.grace <= now) {
                entry.validFor = .zero
                entries.append(entry)
            } else if until != nil, known.expires - now <= entry.validFor / 2 {
                entries.append(entry)
            }
        }
        // Any of the devices carries it: what others see follows from all of them.
        guard entries.isEmpty, person.shown(at: now) != person.shown, let (device, known) = person.devices.first else {
            return entries
        }
        return [restated(device, known, of: person, user, at: now)]
    }

    /// What is known of a device, said again in the name of whoever watches over it.
    private func restated(
        _ device: PresenceDevice, _ known: PresenceTable.Device, of person: PresenceTable.Person, _ user: UserNID,
        at now: Duration
    ) -> PresenceEntry {
        PresenceEntry(
            userNID: user, userID: person.userID, device: device, owner: known.owner, state: known.state,
            isActive: known.isActive, idleFor: now - known.lastActive,
            validFor: known.owner == owner
                ? (device == .remote ? Self.remoteTimeout : Self.validity)
                : max(known.expires - now, Self.tick))
    }

    /// What this process watches over, for those who have just begun.
    private func snapshot(at now: Duration, of state: State) -> [PresenceEntry] {
        state.own.keys.compactMap { key in
            guard let person = state.table.people[key.user], let known = person.devices[key.device] else { return nil }
            var entry = restated(key.device, known, of: person, key.user, at: now)
            entry.message = .changed(person.message)
            entry.isSnapshot = true
            return entry
        }
    }

    private func schedule(_ user: UserNID, now: Duration, in state: inout State) {
        guard let person = state.table.people[user] else { return }
        var times: [Duration] = []
        var isOwn = false
        for (device, known) in person.devices {
            if let until = state.own[DeviceKey(user: user, device: device)] {
                isOwn = true
                times += [until, known.expires - (device == .remote ? Self.remoteTimeout : Self.validity) / 2]
            } else {
                times.append(known.expires + Self.grace)
            }
        }
        // Whoever watches over one of the devices tells; the others only when that one does not.
        if let change = person.nextChange(after: now) { times.append(change + (isOwn ? .zero : Self.grace)) }
        guard let time = times.min() else { return }
        let tick = max(Self.tick(of: time) + 1, Self.tick(of: now) + 1)
        if let scheduled = person.scheduled, scheduled <= tick { return }
        state.wheel[tick, default: []].insert(user)
        state.table.schedule(user, at: tick)
        alarm.set(at: Self.time(of: tick))
    }

    private static func tick(of time: Duration) -> Int64 { Int64(time / tick) }
    private static func time(of tick: Int64) -> Duration { Self.tick * Int(clamping: tick) }
}
