import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Telemetry

/// The directory of a server, and rooms to be in it, on a database of their own.
struct DirectoryFixture: Sendable {
    let directory: RoomDirectory
    let hierarchies: SpaceHierarchies
    let upgrades: RoomUpgrades
    let worker: RoomsWorker
    let elsewhere: OtherServers
    let rooms: RoomService

    static func with(
        policy: DirectoryPolicy = .everyone, _ body: (DirectoryFixture) async throws -> Void
    ) async throws {
        try await RoomsWorker.with { worker in try await body(DirectoryFixture(worker, policy)) }
    }

    init(_ worker: RoomsWorker, _ policy: DirectoryPolicy) {
        self.worker = worker
        elsewhere = OtherServers()
        rooms = worker.rooms.following(
            RoomSuccession(
                accountData: AccountDataStore(pool: worker.pool), pushRules: PushRuleStore(pool: worker.pool),
                names: DirectoryStore(pool: worker.pool),
                feed: worker.feed, telemetry: worker.telemetry))
        directory = RoomDirectory(
            store: DirectoryStore(pool: worker.pool), rooms: rooms, policy: policy, remote: elsewhere)
        hierarchies = SpaceHierarchies(directory: directory, pages: HierarchyPageStore(pool: worker.pool))
        upgrades = RoomUpgrades(rooms: rooms, names: directory)
    }

    // MARK: What tests do often

    func user(_ name: String) async throws -> UserRecord { try await worker.user(name) }

    /// A room that everybody may join, made by `creator`.
    func room(
        by creator: UserRecord, members: [UserRecord] = [], version: RoomVersion = .default,
        _ fill: (inout RoomCreation) -> Void = { _ in }
    ) async throws -> RoomID {
        try await worker.room(by: creator, members: members, version: version, aliases: directory, fill)
    }

    /// A space, which everybody may join, with rooms in it.
    func space(
        by creator: UserRecord, of children: [RoomID] = [], _ fill: (inout RoomCreation) -> Void = { _ in }
    ) async throws -> RoomID {
        let space = try await room(by: creator) { creation in
            creation.creationContent = ["type": "m.space"]
            fill(&creation)
        }
        for (index, child) in children.enumerated() {
            try await link(child, to: space, by: creator, ["order": .string("\(10 + index)")])
        }
        return space
    }

    /// Says that a room is in a space.
    func link(
        _ child: RoomID, to space: RoomID, by user: UserRecord, _ more: [String: JSONValue] = [:],
        via server: String = "example.org"
    ) async throws {
        let content = more.merging(["via": [.string(server)]]) { _, via in via }
        try await worker.set(
            EventType.spaceChild, child.description, to: .object(content), in: space, as: user)
    }

    /// The ids of the rooms of a page.
    func list(_ query: PublicRoomQuery = PublicRoomQuery()) async throws -> [RoomID] {
        try await directory.publicRooms(query).rooms.map(\.roomID)
    }

    /// Whether something becomes true: the list may be a moment old.
    func soon(_ condition: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<250 {
            if try await condition() { return true }
            try await worker.telemetry.clock.sleep(for: .milliseconds(20))
        }
        return false
    }

    func walk(
        _ space: RoomID, as user: UserRecord, _ fill: (inout HierarchyQuery) -> Void = { _ in }
    ) async throws -> HierarchyPage {
        var query = HierarchyQuery(roomID: space)
        fill(&query)
        return try await hierarchies.page(query, for: user)
    }

    /// The content of a state event of a room as it is now.
    func state(_ type: String, _ key: String = "", in room: RoomID) async throws -> JSONValue? {
        let now = try await rooms.reader.current(try await worker.record(room))
        return try await now?.content(type, key)?.value()
    }
}

/// What other servers tell, and what they were asked.
final class OtherServers: RemoteDirectory {
    private struct State {
        var spaces: [RoomID: RemoteHierarchy] = [:]
        var asked: [RoomID] = []
        var lists: [ServerName: PublicRoomPage] = [:]
        var queries: [PublicRoomQuery] = []
    }

    private let state = Mutex(State())

    /// The rooms that were asked for, in no order.
    var asked: [RoomID] { state.withLock(\.asked) }
    var queries: [PublicRoomQuery] { state.withLock(\.queries) }

    func tell(_ space: RemoteHierarchy) { state.withLock { $0.spaces[space.room.roomID] = space } }
    func tell(_ page: PublicRoomPage, of server: ServerName) { state.withLock { $0.lists[server] = page } }

    func publicRooms(_ query: PublicRoomQuery, of server: ServerName) async throws -> PublicRoomPage {
        try state.withLock { state in
            state.queries.append(query)
            guard let page = state.lists[server] else { throw MatrixError(.unknown, "not reached", status: 502) }
            return page
        }
    }

    func hierarchy(of room: RoomID, via servers: [ServerName]) async throws -> RemoteHierarchy? {
        state.withLock { state in
            state.asked.append(room)
            return servers.isEmpty ? nil : state.spaces[room]
        }
    }
}

/// What a body throws as a `MatrixError`; `nil` when it throws none.
func refusal(_ body: () async throws -> Void) async throws -> MatrixError? {
    do {
        try await body()
        return nil
    } catch let error as MatrixError {
        return error
    }
}
