package import Cluster
import MatrixCore
package import Storage
package import Telemetry

/// Takes our guests out of rooms that do not let guests in any more, whoever has closed them.
///
/// It follows the log, so a lost worker's successor goes on; who has gone already is left alone.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#guest-access
package struct GuestDepartures: Duty {
    /// What comes after a quiet time is taken at once, what comes soon after that together.
    private static let moment = Duration.seconds(1)
    private static let guestsAtOnce = 500

    package let name = "guest-departures"
    package let slotCount = 1

    private let rooms: RoomService
    private let guests: GuestStore
    private let feed: LogFeed
    private let log: Log

    package init(rooms: RoomService, guests: GuestStore, feed: LogFeed, telemetry: Telemetry) {
        self.rooms = rooms
        self.guests = guests
        self.feed = feed
        log = telemetry.labelled(name).log
    }

    package func run(_ lease: DutyLease) async throws {
        let shards = Int(feed.installation.shardCount)
        let start = lease.cursor.flatMap { $0.shardCount == shards ? $0 : nil }
        var follower = LogFollower(feed: feed, from: start ?? .zero(shards: shards))
        while !Task.isCancelled {
            for room in try await closedRooms(try await follower.next(gathering: Self.moment)) {
                try await emptyOfGuests(room)
            }
            lease.advance(to: follower.cursor)
        }
    }

    /// The rooms of which rows changed the guest access, and that do not let guests in now.
    private func closedRooms(_ rows: [LogRow]) async throws -> [RoomRecord] {
        guard let key = try await guestAccessKey() else { return [] }
        let changed = rows.filter { row in
            row.kind == .roomEvents && (row.state.map { $0.before != $0.after } ?? true)
        }
        let byRoom = Dictionary(grouping: changed, by: \.roomNID)
        let reader = rooms.reader
        var closed: [RoomRecord] = []
        for room in try await reader.store.rooms(byRoom.keys.compactMap(\.self)).values {
            try Task.checkCancellation()
            guard try await hasChanged(key, in: room, by: byRoom[room.nid] ?? []),
                try await reader.current(room)?.allowsGuests() == false
            else { continue }
            closed.append(room)
        }
        return closed
    }

    private func hasChanged(_ key: StateKeyNID, in room: RoomRecord, by rows: [LogRow]) async throws -> Bool {
        for row in rows {
            guard let state = row.state else { return true }
            let before = try await rooms.reader.tree(of: room, at: state.before).event(for: key)
            if try await rooms.reader.tree(of: room, at: state.after).event(for: key) != before { return true }
        }
        return false
    }

    /// `nil` as long as no room has ever said anything of guests.
    private func guestAccessKey() async throws -> StateKeyNID? {
        let key = StateKey(EventType.guestAccess, "")
        return try await rooms.reader.interning.knownStateKeys([key])[key]
    }

    private func emptyOfGuests(_ room: RoomRecord) async throws {
        var last: UserNID?
        repeat {
            let some = try await guests.guests(
                of: rooms.server.name, in: room.nid, after: last, limit: Self.guestsAtOnce)
            for guest in some {
                try Task.checkCancellation()
                await leave(room, try await rooms.user(guest))
            }
            last = some.count == Self.guestsAtOnce ? some.last : nil
        } while last != nil
    }

    private func leave(_ room: RoomRecord, _ guest: UserRecord) async {
        do { try await rooms.leave(room.roomID, as: guest) } catch {
            log.warning(
                "a guest is still in a room that does not let guests in",
                [.roomID: "\(room.roomID)", .userID: "\(guest.userID)", .cause: "\(error)"])
        }
    }
}
