package import Cluster
import MatrixCore
package import Rooms
import Storage
import Synchronization
package import Telemetry

/// Ends the typing of those who are not in the room any more, however they left it: other clients would show them until their
/// time is over.
package final class TypingDepartures: Sendable {
    /// Rooms that wait to be looked at; those above lose nothing but time.
    private static let maxWaiting = 1000

    private let rooms: RoomService
    private let typing: Typing
    private let telemetry: Telemetry
    private let alarm: Alarm
    private let waiting = Mutex<[RoomNID: Set<UserNID>]>([:])

    package init(rooms: RoomService, typing: Typing, feed: LogFeed, telemetry: Telemetry) {
        self.rooms = rooms
        self.typing = typing
        self.telemetry = telemetry
        alarm = Alarm(clock: telemetry.clock)
        _ = feed.observe { [weak self] row in self?.follow(row) }
    }

    private func follow(_ row: LogRow) {
        guard row.kind == .roomEvents, !row.memberNIDs.isEmpty, let room = row.roomNID,
            !typing.typists(in: room).isEmpty
        else { return }
        waiting.withLock { waiting in
            guard waiting.count < Self.maxWaiting || waiting[room] != nil else { return }
            waiting[room, default: []].formUnion(row.memberNIDs)
        }
        alarm.ring()
    }

    /// Ends typing until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await alarm.wait()
            let changed = waiting.withLock { waiting in
                defer { waiting = [:] }
                return waiting
            }
            for (room, members) in changed {
                do { try await end(members, in: room) } catch {
                    telemetry.log.debug("typing goes on until its time is over", [.cause: "\(error)"])
                }
            }
        }
    }

    private func end(_ members: Set<UserNID>, in room: RoomNID) async throws {
        let typists = Set(typing.typists(in: room))
        for user in try await rooms.reader.interning.users(members).values where typists.contains(user.userID) {
            let standing = try await rooms.reader.memberships.membership(of: user.nid, in: room)
            if standing?.record.membership != .join { await typing.set(user.userID, in: room, for: nil) }
        }
    }
}
