import MatrixCore
import Rooms
import Storage

/// How many events a user has not read, of all rooms together: the number on an application's badge.
struct UnreadTotal: Sendable {
    private let receipts: ReceiptStore
    private let reader: RoomReader

    init(receipts: ReceiptStore, reader: RoomReader) {
        self.receipts = receipts
        self.reader = reader
    }

    /// Cost: four queries, two more when something is unread in threads.
    func count(of user: UserNID) async throws -> Int {
        let joined = try await reader.memberships.memberships(of: user).filter { $0.membership == .join }
        guard !joined.isEmpty else { return 0 }
        let rooms = try await reader.store.rooms(joined.map(\.roomNID))
        let questions = joined.compactMap { membership in
            rooms[membership.roomNID].map { room in
                UnreadQuestion(
                    roomNID: room.nid, floor: membership.shard == room.shard ? membership.position : 0, head: .max)
            }
        }
        let main = try await receipts.unread(of: user, in: questions).values.reduce(0) { $0 + $1.notifications }
        return main + (try await countInThreads(of: user, questions, rooms))
    }

    private func countInThreads(
        of user: UserNID, _ questions: [UnreadQuestion], _ rooms: [RoomNID: RoomRecord]
    ) async throws -> Int {
        let unread = try await receipts.unreadInThreads(of: user, in: questions).filter { $0.count.notifications > 0 }
        guard !unread.isEmpty else { return 0 }
        let grouped = Dictionary(grouping: unread, by: \.roomNID)
        let marks = try await receipts.marks(of: user, in: Array(grouped.keys))
        var count = 0
        for (roomNID, entries) in grouped {
            guard let room = rooms[roomNID] else { continue }
            let events = try await reader.events.events(entries.map(\.eventNID), in: room)
            for entry in entries {
                guard let root = events[entry.eventNID]?.event.threadRoot else { continue }
                if let mark = marks[roomNID]?[.thread(root: root)], entry.place <= mark { continue }
                count += 1
            }
        }
        return count
    }
}
