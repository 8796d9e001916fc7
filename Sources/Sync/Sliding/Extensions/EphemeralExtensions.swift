import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage

/// Receipts in the rooms that the client is told.
///
/// Of a room that is told from the start the user's own, and those at the events of its timeline.
struct ReceiptsExtension: Sendable {
    let store: ReceiptStore
    let interning: Interning

    /// - Parameter state: takes note of what is told and of what is passed over.
    /// - Cost: without news no query; otherwise one or two.
    func read(
        _ scope: SlidingExtensionRequests.Scope?, _ answer: SlidingExtensionContext, _ state: inout ConnectionState
    ) async throws -> [RoomID: [UInt8]]? {
        let context = answer.context
        let relevant = Set(
            (scope.map(answer.rooms) ?? []).filter {
                answer.found.rooms[$0]?.listed.form == .inside && state[$0] != nil
            })
        let news = context.changes?.rooms.filter { $0.value.hasReceipts }.map(\.key) ?? []
        let wanted = relevant.filter { room in
            if answer.answered[room].map({ $0.isInitial || $0.isExpanded }) == true { return true }
            switch state[room]?.receipts ?? .never {
            case .never, .upTo: return true
            case .live: return context.changes?.rooms[room]?.hasReceipts == true
            }
        }
        let records = try await context.reader.store.rooms(Array(wanted.union(news)))
        func since(_ room: RoomRecord) -> Int64 { context.since?.log[room.shard] ?? 0 }
        for room in news where !relevant.contains(room) && state[room]?.receipts == .live {
            state[room]?.receipts = .upTo(records[room].map(since) ?? 0)
        }
        guard scope != nil else { return nil }
        var fresh: [(room: RoomNID, head: Int64)] = []
        var further: [(room: RoomNID, since: Int64, head: Int64)] = []
        for room in wanted {
            guard let record = records[room] else { continue }
            let head = context.head(of: record)
            let isAnew = answer.answered[room].map { $0.isInitial || $0.isExpanded } ?? false
            switch (isAnew, state[room]?.receipts ?? .never) {
            case (true, _), (_, .never): fresh.append((room, head))
            case (_, .upTo(let position)): further.append((room, position, head))
            case (_, .live): further.append((room, since(record), head))
            }
            state[room]?.receipts = .live
        }
        let events = fresh.flatMap { answer.answered[$0.room]?.eventIDs ?? [] }
        async let atEvents = store.receipts(at: events, in: fresh, for: context.user.nid)
        let found = try await store.changes(in: further, for: context.user.nid) + atEvents
        return try await told(found, records)
    }

    private func told(
        _ receipts: [ReceiptRecord], _ rooms: [RoomNID: RoomRecord]
    ) async throws -> [RoomID: [UInt8]] {
        guard !receipts.isEmpty else { return [:] }
        let users = try await interning.users(Set(receipts.map(\.userNID)))
        var told: [RoomID: [UInt8]] = [:]
        for (room, receipts) in Dictionary(grouping: receipts, by: \.roomNID) {
            guard let roomID = rooms[room]?.roomID else { continue }
            // There is place for one event: of a user's receipts of one kind at one event the unthreaded is told, or the newest.
            let inOrder =
                receipts.filter { $0.thread == .unthreaded } + receipts.filter { $0.thread != .unthreaded }.reversed()
            told[roomID] = EphemeralEvents.receipts(inOrder, users: users).first
        }
        return told
    }
}

/// Who types in the rooms that the client is told.
struct TypingExtension: Sendable {
    let typing: Typing

    /// The rooms where somebody began or ended.
    func changedRooms(_ context: SlidingContext) -> Set<RoomNID> {
        guard let since = context.since else { return [] }
        let changes = typing.changes(after: since.ephemeral, upTo: context.next.ephemeral) { room in
            context.view.standings[room]?.membership == .join
        }
        return Set(changes.keys)
    }

    /// Cost: nothing is read.
    func read(
        _ scope: SlidingExtensionRequests.Scope?, _ answer: SlidingExtensionContext
    ) async throws -> [RoomID: [UInt8]]? {
        guard let scope else { return nil }
        let context = answer.context
        let relevant = Set(answer.rooms(in: scope).filter { answer.found.rooms[$0]?.listed.form == .inside })
        var typists: [RoomNID: [UserID]] = [:]
        if let since = context.since {
            typists = typing.changes(
                after: since.ephemeral, upTo: context.next.ephemeral, in: { relevant.contains($0) })
            // Who types in a room that comes into sight now.
            typists.merge(
                typing.current { answer.answered[$0]?.isInitial == true && relevant.contains($0) }
            ) { _, now in now }
        } else {
            typists = typing.current { relevant.contains($0) }
        }
        guard !typists.isEmpty else { return [:] }
        let records = try await context.reader.store.rooms(Array(typists.keys))
        var told: [RoomID: [UInt8]] = [:]
        for (room, users) in typists {
            if let roomID = records[room]?.roomID {
                told[roomID] = EphemeralEvents.typing(users.filter { !context.ignored.contains($0) })
            }
        }
        return told
    }
}
