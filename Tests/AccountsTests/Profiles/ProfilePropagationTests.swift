import Accounts
import ApusTesting
import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Synchronization
import Testing

@Suite struct ProfilePropagationTests {
    /// Shows profiles in rooms, and fails when it is told to, as a worker that is killed would.
    private final class Showing: RoomProfiles {
        struct Killed: Error {}

        private let rooms: RoomService
        /// Rooms that may still be shown something.
        private let left: Mutex<Int>
        private let shown = Mutex<[RoomNID]>([])

        init(_ rooms: RoomService, atMost limit: Int = .max) {
            self.rooms = rooms
            left = Mutex(limit)
        }

        var done: [RoomNID] { shown.withLock { $0 } }

        func showProfile(_ profile: MemberProfile, of user: UserRecord, in room: RoomNID) async throws {
            let mayGoOn = left.withLock { left in
                left -= 1
                return left >= 0
            }
            guard mayGoOn else { throw Killed() }
            try await rooms.showProfile(profile, of: user, in: room)
            shown.withLock { $0.append(room) }
        }
    }

    private func name(_ user: UserRecord, in room: RoomID, _ worker: RoomsWorker) async throws -> String? {
        let snapshot = try await worker.rooms.reader.current(try await worker.record(room))
        return try await snapshot?.content(EventType.member, user.userID.description)?["displayname"]?.string
    }

    private func rooms(_ count: Int, of user: UserRecord, _ worker: RoomsWorker) async throws -> [RoomID] {
        var rooms: [RoomID] = []
        for _ in 0..<count { rooms.append(try await worker.room(by: user)) }
        return rooms
    }

    private func set(_ name: String, of user: UserRecord, _ worker: RoomsWorker) async throws {
        let outcome = try await ProfileStore(pool: worker.pool).change(
            "displayname", to: JSONValue.string(name).canonicalBytes, of: user, isShown: true, now: 1)
        guard case .done(let position?) = outcome else { throw TestingError("not changed") }
        worker.feed.announce(.profile, at: position, user: user.nid)
    }

    /// Runs the duty for the time of `body`, as a worker that stops in order would.
    private func propagating(
        _ worker: RoomsWorker, _ name: String, _ showing: Showing, _ body: () async throws -> Void
    ) async throws {
        let duty = ProfilePropagation(
            profiles: ProfileStore(pool: worker.pool), memberships: worker.memberships, interning: worker.interning,
            rooms: showing, feed: worker.feed, telemetry: worker.telemetry)
        let runner = DutyRunner(
            duty: duty, worker: name, leases: LeaseStore(pool: worker.pool), timeouts: worker.timeouts,
            telemetry: worker.telemetry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            try await body()
            runner.stop()
            try await group.waitForAll()
        }
    }

    @Test func bringsNamesIntoAllRoomsAndNoFurther() async throws {
        try await RoomsWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let rooms = try await self.rooms(5, of: alice, worker)
            let left = try await worker.room(by: bob, members: [alice])
            try await worker.rooms.leave(left, as: alice)
            try await worker.set(
                EventType.member, "@alice:example.org", to: ["membership": "join", "displayname": "Old", "org.x": 1],
                in: rooms[0], as: alice)
            try await worker.following {
                try await propagating(worker, "w", Showing(worker.rooms)) {
                    try await set("Alice", of: alice, worker)
                    try await eventually("all rooms show it") {
                        for room in rooms where try await name(alice, in: room, worker) != "Alice" { return false }
                        return true
                    }
                    let snapshot = try await worker.rooms.reader.current(try await worker.record(rooms[0]))
                    let member = try await snapshot?.content(EventType.member, "@alice:example.org")
                    #expect(member?["org.x"]?.int == 1, "what else it says stays")
                    #expect(try await name(alice, in: left, worker) == nil)
                    try await eventually("nothing waits") {
                        let shards = (0..<worker.installation.shardCount).map { $0 }
                        return try await ProfileStore(pool: worker.pool).pending(of: shards, after: nil, limit: 1)
                            .isEmpty
                    }
                }
            }
        }
    }

    @Test func goesOnWhereALostWorkerWas() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let rooms = try await self.rooms(60, of: alice, worker)
            try await worker.following {
                try await set("Alice", of: alice, worker)
                let first = Showing(worker.rooms, atMost: 55)
                try await propagating(worker, "first", first) {
                    try await eventually("most rooms") { first.done.count == 55 }
                }
                let second = Showing(worker.rooms)
                try await propagating(worker, "second", second) {
                    try await eventually("all rooms show it") {
                        for room in rooms where try await name(alice, in: room, worker) != "Alice" { return false }
                        return true
                    }
                }
                #expect(second.done.count <= 10, "from the last place that was noted")
            }
        }
    }

    @Test func aRoomThatShowsItIsLeftAsItIs() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let room = try await worker.record(try await worker.room(by: alice))
            let profile = MemberProfile(displayName: "Alice")
            try await worker.rooms.showProfile(profile, of: alice, in: room.nid)
            let head = try await worker.rooms.reader.store.head(of: room.nid)
            try await worker.rooms.showProfile(profile, of: alice, in: room.nid)
            #expect(try await worker.rooms.reader.store.head(of: room.nid) == head)
        }
    }
}
