import MatrixCore

/// Who is there, as one process knows it: made of what all processes tell each other, in one order, so that all come to the
/// same.
///
/// Pure: times come from the caller, as a monotonic clock tells them.
struct PresenceTable: Sendable {
    /// Without having done anything for so long, somebody is not available.
    static let idleLimit = Duration.seconds(300)
    /// For so long after having done something, somebody is currently active.
    static let activeFor = Duration.seconds(90)
    /// Local users, and users of other servers, that are remembered; when full, those who are gone are forgotten.
    static let maxPeople = 200_000
    private static let maxDevices = 50
    /// Changes that are remembered in their order.
    static let maxChanges = 20_000

    struct Device: Sendable {
        var owner: UInt64
        var state: PresenceState
        /// Of users of other servers: what their server said of it.
        var isActive: Bool
        var lastActive: Duration
        var expires: Duration
    }

    /// What others see of it. As long as it stays the same, there is no news.
    struct Shown: Hashable, Sendable {
        var state = PresenceState.offline
        var isActive = false
        var message: String?
    }

    struct Person: Sendable {
        let userID: UserID
        let isLocal: Bool
        var devices: [PresenceDevice: Device] = [:]
        var message: String?
        var lastActive: Duration?
        var shown = Shown()
        /// The newest change of what is shown.
        var serial: Int64 = 0
        /// When the person is looked at again.
        var scheduled: Int64?
    }

    /// What an entry did.
    enum Outcome: Equatable, Sendable {
        case ignored
        case unchanged
        /// Others see something else now; `isWorthWaking`: more than that the user is active or not.
        case changed(isWorthWaking: Bool)
    }

    private(set) var people: [UserNID: Person] = [:]
    private var counts = (local: 0, remote: 0)
    /// Ascending; a user may be in it several times.
    private var changes: [(serial: Int64, user: UserNID)] = []
    /// Changes at or below it are not remembered.
    private(set) var floor: Int64 = 0

    // MARK: Changing

    mutating func apply(
        _ entry: PresenceEntry, serial: Int64, now: Duration, isLocal: Bool
    ) -> Outcome {
        var person = people[entry.userNID] ?? Person(userID: entry.userID, isLocal: isLocal)
        if entry.isSnapshot, person.devices[entry.device] != nil { return .ignored }
        if people[entry.userNID] == nil, entry.validFor <= .zero || !makeRoom(isLocal: isLocal) { return .ignored }
        if case .changed(let message) = entry.message { person.message = message }
        if entry.validFor > .zero {
            let lastActive = max(now - entry.idleFor, person.devices[entry.device]?.lastActive ?? (now - entry.idleFor))
            Self.makeRoom(for: entry.device, in: &person)
            person.devices[entry.device] = Device(
                owner: entry.owner, state: entry.state, isActive: entry.isActive, lastActive: lastActive,
                expires: now + entry.validFor)
            person.lastActive = max(lastActive, person.lastActive ?? lastActive)
        } else if person.devices[entry.device]?.owner == entry.owner {
            person.devices[entry.device] = nil
        } else {
            // Somebody else watches over it by now.
            return .ignored
        }
        let shown = person.shown(at: now)
        defer { keep(person, for: entry.userNID) }
        guard shown != person.shown else { return .unchanged }
        // That somebody does nothing any more can wait until there is something else to tell.
        let hasGoneIdle = shown.state == .unavailable && entry.state == .online
        let isWorthWaking =
            (shown.state != person.shown.state && !hasGoneIdle) || shown.message != person.shown.message
        person.shown = shown
        person.serial = serial
        note(serial, entry.userNID)
        return .changed(isWorthWaking: isWorthWaking)
    }

    mutating func schedule(_ user: UserNID, at tick: Int64?) { people[user]?.scheduled = tick }

    private mutating func keep(_ person: Person, for user: UserNID) {
        if people.updateValue(person, forKey: user) == nil {
            if person.isLocal { counts.local += 1 } else { counts.remote += 1 }
        }
    }

    private static func makeRoom(for device: PresenceDevice, in person: inout Person) {
        guard person.devices[device] == nil, person.devices.count >= maxDevices,
            let oldest = person.devices.min(by: { $0.value.lastActive < $1.value.lastActive })
        else { return }
        person.devices[oldest.key] = nil
    }

    /// Users of other servers have a bound of their own, so that no server crowds out others' users here.
    private mutating func makeRoom(isLocal: Bool) -> Bool {
        func count() -> Int { isLocal ? counts.local : counts.remote }
        guard count() >= Self.maxPeople else { return true }
        people = people.filter { !$0.value.devices.isEmpty || $0.value.isLocal != isLocal }
        counts = (people.values.count(where: \.isLocal), people.values.count { !$0.isLocal })
        return count() < Self.maxPeople
    }

    private mutating func note(_ serial: Int64, _ user: UserNID) {
        changes.append((serial, user))
        guard changes.count > 2 * Self.maxChanges else { return }
        floor = changes[changes.count - Self.maxChanges - 1].serial
        changes.removeFirst(changes.count - Self.maxChanges)
    }

    // MARK: Asking

    func status(of user: UserNID, at now: Duration) -> PresenceStatus? {
        guard let person = people[user] else { return nil }
        var status = PresenceStatus(userID: person.userID)
        let shown = person.shown(at: now)
        status.state = shown.state
        status.isCurrentlyActive = shown.isActive
        status.message = shown.message
        status.lastActiveAgo = person.lastActive.map { max(now - $0, .zero) }
        return status
    }

    /// Whose presence changed after a serial and not after another, the newest change first.
    ///
    /// - Returns: `nil` when that is not remembered any more.
    func changed(after serial: Int64, upTo newest: Int64, atMost limit: Int) -> [UserNID]? {
        guard serial >= floor else { return nil }
        var found: [UserNID] = []
        var seen: Set<UserNID> = []
        for change in changes.reversed() {
            guard change.serial > serial, found.count < limit else { break }
            if change.serial <= newest, seen.insert(change.user).inserted { found.append(change.user) }
        }
        return found
    }

    /// Who is there, the newest change first.
    func present(atMost limit: Int) -> [UserNID] {
        var found: [UserNID] = []
        var seen: Set<UserNID> = []
        for change in changes.reversed() {
            guard found.count < limit else { break }
            guard seen.insert(change.user).inserted, people[change.user]?.shown.state ?? .offline != .offline else {
                continue
            }
            found.append(change.user)
        }
        guard floor > 0, found.count < limit else { return found }
        let quiet = people.lazy.filter { !seen.contains($0.key) && $0.value.shown.state != .offline }
        return found + quiet.prefix(limit - found.count).map(\.key)
    }
}

extension PresenceTable.Person {
    /// What others should see at a time.
    func shown(at now: Duration) -> PresenceTable.Shown {
        var shown = PresenceTable.Shown(message: message)
        for device in devices.values {
            let state = state(of: device, at: now)
            shown.state = max(shown.state, state)
            guard state == .online else { continue }
            shown.isActive =
                shown.isActive
                || (isLocal ? now - device.lastActive < PresenceTable.activeFor : device.isActive)
        }
        return shown
    }

    /// Other servers tell themselves when their users have gone idle.
    private func state(of device: PresenceTable.Device, at now: Duration) -> PresenceState {
        guard isLocal, device.state == .online, now - device.lastActive >= PresenceTable.idleLimit else {
            return device.state
        }
        return .unavailable
    }

    /// When what others should see changes by itself; `nil` when it does not. It may be now.
    func nextChange(after now: Duration) -> Duration? {
        if shown(at: now) != shown { return now }
        guard isLocal else { return nil }
        return devices.values.filter { $0.state == .online }
            .flatMap { [$0.lastActive + PresenceTable.activeFor, $0.lastActive + PresenceTable.idleLimit] }
            .filter { $0 > now }.min()
    }
}
