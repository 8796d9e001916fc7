import Cluster
import MatrixCore
import Rooms
import Storage

/// A room that has to be looked at for an answer.
struct SlidingRoomTask: Sendable {
    let room: RoomRecord
    let interest: InterestingRooms.Room
    /// What the client knows of it; `nil` when it is told the room from the start.
    let told: ToldRoom?
    /// Up to where the client knows the room's events.
    let known: Int64
    /// Up to where it may know them.
    let head: Int64
    let hasEvents: Bool
    /// The rows of the log since `known`, oldest first, as far as they are in memory.
    let rows: [LogRow]?
    /// The user's own receipts moved.
    let hasOwnReceipts: Bool
    /// More of the timeline is wanted than the client has.
    let expandsTimeline: Bool
    let expandsState: Bool
    let isDirect: Bool

    var listed: ListedRoom { interest.listed }
    var standing: RoomStanding { interest.listed.standing }
    var config: SlidingRoomConfig { interest.config }
    var isInitial: Bool { told == nil }

    /// The room's newest activity; `nil` when what this worker remembers is ahead of the place that the answer is about.
    var remembered: RoomActivity? { listed.activity.flatMap { $0.position <= head ? $0 : nil } }
}

/// Decides which rooms have to be looked at.
struct SlidingPlanner: Sendable {
    /// Cost: a look at each room that the request asks for; nothing is read.
    func tasks(_ found: InterestingRooms, _ context: SlidingContext) async throws -> [SlidingRoomTask] {
        var wanted: [(RoomNID, InterestingRooms.Room)] = []
        for (nid, room) in found.rooms where isNews(room, context) { wanted.append((nid, room)) }
        guard !wanted.isEmpty else { return [] }
        let records = try await context.reader.store.rooms(wanted.map(\.0))
        return wanted.compactMap { nid, room in records[nid].map { task($0, room, context) } }
            .sorted { ($0.listed.recency, $0.room.nid) > ($1.listed.recency, $1.room.nid) }
    }

    /// Whether any of the rooms has something that the client was not told.
    func hasNews(_ found: InterestingRooms, _ context: SlidingContext) -> Bool {
        found.rooms.values.contains { isNews($0, context) }
    }

    private func isNews(_ room: InterestingRooms.Room, _ context: SlidingContext) -> Bool {
        let listed = room.listed
        guard let told = context.told[listed.nid], told.kind == listed.form else { return true }
        if told.isDirect != context.account.direct.contains(listed.nid) { return true }
        guard listed.form == .inside else { return told.standing != ToldRoom.mark(of: listed.standing) }
        let change = context.changes?.rooms[listed.nid]
        if Self.hasEvents(told, listed, change) || hasOwnReceipts(change, context) { return true }
        return Self.expandsTimeline(told, room.config) || Self.expandsState(told, room.config, context)
    }

    private func task(
        _ record: RoomRecord, _ room: InterestingRooms.Room, _ context: SlidingContext
    ) -> SlidingRoomTask {
        let listed = room.listed
        let head = context.head(of: record)
        let change = context.changes?.rooms[listed.nid]
        var told = context.told[listed.nid]
        var known: Int64 = 0
        if let before = told, before.kind == .inside {
            known = context.known(before, of: record)
            // Whoever came in since then is told the room anew, whatever was before.
            if listed.form == .inside, listed.standing.joinedPosition > known { told = nil }
        } else if listed.form == .inside {
            told = nil
        }
        if told == nil { known = 0 }
        let isLive = told?.events == .live
        return SlidingRoomTask(
            room: record, interest: room, told: told, known: known, head: head,
            hasEvents: told.map { Self.hasEvents($0, listed, change) } ?? true,
            rows: isLive ? change?.rows?.filter { $0.kind == .roomEvents && $0.position <= head } : nil,
            hasOwnReceipts: hasOwnReceipts(change, context),
            expandsTimeline: told.map { Self.expandsTimeline($0, room.config) } ?? false,
            expandsState: told.map { Self.expandsState($0, room.config, context) } ?? false,
            isDirect: context.account.direct.contains(listed.nid))
    }

    private static func hasEvents(_ told: ToldRoom, _ listed: ListedRoom, _ change: ChangeSet.Room?) -> Bool {
        switch told.events {
        case .upTo(let position): (listed.activity?.position ?? 0) > position
        case .live, .never: change?.hasEvents ?? false
        }
    }

    private static func expandsTimeline(_ told: ToldRoom, _ config: SlidingRoomConfig) -> Bool {
        told.timeline < min(config.timelineLimit, SlidingRequest.maxTimeline)
    }

    private static func expandsState(
        _ told: ToldRoom, _ config: SlidingRoomConfig, _ context: SlidingContext
    ) -> Bool {
        !context.told.config(told.config).covers(config.required)
    }

    private func hasOwnReceipts(_ change: ChangeSet.Room?, _ context: SlidingContext) -> Bool {
        guard context.dialect == .unstable, let rows = change?.rows else { return false }
        return rows.contains {
            ($0.kind == .receipts || $0.kind == .privateReceipts) && $0.userNID == context.user.nid
        }
    }
}
