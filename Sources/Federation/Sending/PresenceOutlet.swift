import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage
import Synchronization
import Telemetry

/// Whose presence there is to tell other servers: local users' of whom there is news, and those of whom was not told for long,
/// since other servers forget. A server that comes into a room is told who is there.
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

    /// Rooms into which somebody has come, and where it is not known yet whether it was another server's user.
    private static let maxArrivals = 1_000
    /// People of whom a server is told that comes into a room.
    private static let maxIntroduced = 1_000

    /// What is told to whom.
    struct Turn {
        /// To the servers in the rooms.
        var news: [PresenceStatus: Set<RoomNID>] = [:]
        var introductions: [ServerName: [PresenceStatus]] = [:]
    }

    private struct State {
        var waiting: Set<UserNID> = []
        var arrivals: [RoomNID: Set<UserNID>] = [:]
        var told: [UserNID: Duration] = [:]
    }

    let visible: VisiblePresence
    private let rooms: RoomService
    private let clock: any Clock
    private let alarm: Alarm
    private let state = Mutex(State())

    init(_ visible: VisiblePresence, rooms: RoomService, feed: LogFeed, clock: any Clock) {
        self.visible = visible
        self.rooms = rooms
        self.clock = clock
        alarm = Alarm(clock: clock)
        visible.presence.observe { [weak self] change in self?.take(change) }
        _ = feed.observe { [weak self] row in self?.take(row) }
    }

    private func take(_ row: LogRow) {
        guard row.kind == .roomEvents, !row.memberNIDs.isEmpty, let room = row.roomNID else { return }
        let isNew = state.withLock { state in
            guard state.arrivals.count < Self.maxArrivals else { return false }
            state.arrivals[room, default: []].formUnion(row.memberNIDs.prefix(Self.maxAtOnce))
            return true
        }
        if isNew { alarm.set(at: clock.monotonic + Self.moment) }
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

    /// Waits until there is something to tell, and takes some of it. Nothing when the task was cancelled.
    func next() async -> Turn {
        while !Task.isCancelled {
            await alarm.wait()
            let now = clock.monotonic
            let (people, arrivals) = state.withLock { state in
                let some = Array(state.waiting.prefix(Self.maxAtOnce))
                state.waiting.subtract(some)
                if state.told.count >= Self.maxRemembered { state.told = [:] }
                for user in some { state.told[user] = now }
                if !state.waiting.isEmpty { alarm.set(at: now + Self.moment) }
                defer { state.arrivals = [:] }
                return (some, state.arrivals)
            }
            // What cannot be looked up is told when there is news of it again.
            guard let turn = try? await turn(people, arrivals) else { continue }
            if !turn.news.isEmpty || !turn.introductions.isEmpty { return turn }
        }
        return Turn()
    }

    private func turn(_ people: [UserNID], _ arrivals: [RoomNID: Set<UserNID>]) async throws -> Turn {
        var turn = Turn()
        let stays = try await visible.joined.stays(of: people)
        for (user, status) in visible.presence.statuses(of: people) { turn.news[status] = stays[user]?.rooms ?? [] }
        for (room, names) in try await newServers(arrivals) {
            let people = try await visible.present(in: [room]).prefix(Self.maxIntroduced)
            let statuses = visible.presence.statuses(of: people).values.filter {
                $0.userID.serverName == rooms.server.name
            }
            guard !statuses.isEmpty else { continue }
            for name in names { turn.introductions[name, default: []] += statuses }
        }
        return turn
    }

    /// The servers whose users have come into rooms.
    private func newServers(_ arrivals: [RoomNID: Set<UserNID>]) async throws -> [RoomNID: Set<ServerName>] {
        guard !arrivals.isEmpty else { return [:] }
        let users = try await rooms.reader.interning.users(arrivals.values.reduce(into: Set()) { $0.formUnion($1) })
        let remote = users.filter { $0.value.userID.serverName != rooms.server.name }
        guard !remote.isEmpty else { return [:] }
        let present = try await visible.joined.stays(of: remote.keys)
        var servers: [RoomNID: Set<ServerName>] = [:]
        for (room, members) in arrivals {
            for member in members where present[member]?.joined[room] != nil {
                if let user = remote[member] { servers[room, default: []].insert(user.userID.serverName) }
            }
        }
        return servers
    }
}
