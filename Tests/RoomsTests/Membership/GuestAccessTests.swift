import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Guests are in rooms that want guests, for as long as they do.
struct GuestAccessTests {
    private static let guest = RoomService.MembershipDetails(isGuest: true)

    private func guest(_ name: String, _ worker: RoomsWorker) async throws -> UserRecord {
        let user = try await worker.user(name)
        _ = try await worker.pool.query(Self.noteGuest, user.nid.rawValue)
        return user
    }

    private static let noteGuest = Statement(
        "test.guest", "insert into accounts (user_nid, guest, created_ms) values ($1, true, 0)")

    private func setAccess(_ access: String, of room: RoomID, by user: UserRecord, _ worker: RoomsWorker) async throws {
        _ = try await worker.rooms.send(
            EventDraft(
                sender: user, type: EventType.guestAccess, stateKey: "", content: ["guest_access": .string(access)]),
            to: room)
    }

    private func isJoined(_ user: UserRecord, _ room: RoomID, _ worker: RoomsWorker) async throws -> Bool {
        let record = try await worker.record(room)
        return try await worker.memberships.membership(of: user.nid, in: record.nid)?.record.membership == .join
    }

    @Test func guestsComeOnlyWhereTheyMay() async throws {
        try await RoomsWorker.with { worker in
            let (alice, guest) = (try await worker.user("alice"), try await guest("guest", worker))
            let room = try await worker.room(by: alice)
            for access in [nil, "forbidden", "nonsense"] {
                if let access { try await setAccess(access, of: room, by: alice, worker) }
                let refusal = await #expect(throws: MatrixError.self) {
                    try await worker.rooms.join(room, as: guest, details: Self.guest)
                }
                #expect(refusal?.errcode == .guestAccessForbidden && refusal?.status == 403)
            }
            let unknown = await #expect(throws: MatrixError.self) {
                try await worker.rooms.join(RoomID("!far:elsewhere.example")!, as: guest, details: Self.guest)
            }
            #expect(unknown?.errcode == .guestAccessForbidden, "what a room wants that nobody here is in is not known")
            try await setAccess("can_join", of: room, by: alice, worker)
            try await worker.rooms.join(room, as: guest, details: Self.guest)
            #expect(try await isJoined(guest, room, worker))
        }
    }

    @Test func guestsGoWhereTheyMayNotBeAnyMore() async throws {
        try await RoomsWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let guests = [try await guest("one", worker), try await guest("two", worker)]
            let closing = try await worker.room(by: alice, members: [bob] + guests)
            let open = try await worker.room(by: alice, members: guests)
            for room in [closing, open] { try await setAccess("can_join", of: room, by: alice, worker) }
            let duty = DutyRunner(
                duty: GuestDepartures(
                    rooms: worker.rooms, guests: GuestStore(pool: worker.pool), feed: worker.feed,
                    telemetry: worker.telemetry), worker: "one", leases: LeaseStore(pool: worker.pool),
                timeouts: worker.timeouts, telemetry: worker.telemetry)
            try await worker.following(beside: [{ await duty.run() }]) {
                try await setAccess("forbidden", of: closing, by: alice, worker)
                try await eventually("no guest is left") {
                    for guest in guests where try await isJoined(guest, closing, worker) { return false }
                    return true
                }
                #expect(try await isJoined(bob, closing, worker))
                for guest in guests { #expect(try await isJoined(guest, open, worker)) }
            }
        }
    }
}
