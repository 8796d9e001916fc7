import Cluster
import MatrixCore
import Rooms
import Storage

extension SlidingLists {
    /// With more rooms to look at it is as well to look at all.
    private static let maxFollowed = 64

    /// What has to be looked at of the rooms that the request asks for, from where the client was told all of them: those of
    /// which something was written, and those that come into a window because others have moved. `nil` when something happened
    /// that may put rooms into lists or take them out.
    ///
    /// Cost: no query. A look at each of those rooms, and at the lists' entries.
    ///
    /// - Parameter others: rooms that have something else to show, such as typing.
    func follow(
        _ memory: ListMemory, _ content: SlidingRequest.Content, _ others: Set<RoomNID>, _ context: SlidingContext
    ) async throws -> InterestingRooms? {
        guard memory.account == context.account, memory.ignored == context.ignored,
            let touched = try await touched(others, context),
            try await !mayChangeLists(touched, content, context), !mayChangeInvites(context)
        else { return nil }
        let active = touched.filter { context.changes?.rooms[$0]?.hasEvents == true }
        let times = try await activities.activities(of: active, at: context.view.heads)
        var memory = memory
        var wanted = Set(touched)
        for (name, list) in content.lists {
            guard var entries = memory.lists[name] else { return nil }
            if !Self.isWhole(list.ranges, of: entries.count) {
                let moved = Self.move(active, to: times, in: &entries)
                wanted.formUnion(Self.edges(of: list.ranges ?? [], within: moved, of: entries))
            }
            memory.lists[name] = entries
        }
        return try await found(wanted, content, memory, context)
    }

    /// The rooms that the user is in and of which something was written; `nil` when the user came or went somewhere, or when
    /// that is not in memory.
    private func touched(_ others: Set<RoomNID>, _ context: SlidingContext) async throws -> [RoomNID]? {
        guard let since = context.since?.log, let changes = context.changes, let touched = changes.touched,
            !changes.own.contains(.membership), touched.count + others.count <= Self.maxFollowed
        else { return nil }
        var inside: [RoomNID] = []
        for room in touched.union(others) {
            guard let standing = context.view.standings[room] else { continue }
            guard standing.position <= since[standing.shard] else { return nil }
            if standing.membership == .join { inside.append(room) }
        }
        return inside
    }

    /// Whether the user may have said anew from whom invites are shown.
    private func mayChangeInvites(_ context: SlidingContext) -> Bool {
        context.changes?.own.contains(.accountData) == true
            && context.view.standings.values.contains { Self.form($0) == .outside }
    }

    /// Whether the state of rooms changed in something that a filter asks for.
    private func mayChangeLists(
        _ rooms: [RoomNID], _ content: SlidingRequest.Content, _ context: SlidingContext
    ) async throws -> Bool {
        let filters = content.lists.values.map(\.filter)
        let asksForSpaces = filters.contains { $0.spaces != nil }
        guard asksForSpaces || filters.contains(where: \.asksForState) else { return false }
        var changed: [RoomNID: (before: StateRoot, after: StateRoot)] = [:]
        for room in rooms {
            guard let rows = context.changes?.rooms[room]?.rows?.filter({ $0.kind == .roomEvents }) else { continue }
            guard rows.allSatisfy({ $0.state != nil }) else { return true }
            guard let before = rows.first?.state?.before, let after = rows.last?.state?.after, before != after else {
                continue
            }
            changed[room] = (before, after)
        }
        guard !changed.isEmpty else { return false }
        if asksForSpaces { return true }
        let keys = try await facts.keys(context.reader)
        for (nid, record) in try await context.reader.store.rooms(Array(changed.keys)) {
            guard let (before, after) = changed[nid] else { continue }
            let differences = try await context.reader.tree(of: record, at: before).difference(to: after)
            if differences.contains(where: { keys.contains($0.key) }) { return true }
        }
        return false
    }

    /// Puts rooms where they belong by their newest activity.
    ///
    /// - Returns: how many the list has of them.
    private static func move(
        _ rooms: [RoomNID], to times: [RoomActivity?], in entries: inout [ListMemory.Entry]
    ) -> Int {
        var moved = 0
        for (room, activity) in zip(rooms, times) {
            guard let place = entries.place(of: room) else { continue }
            entries.move(room, from: place, to: activity?.writtenAt ?? 0)
            moved += 1
        }
        return moved
    }

    /// The rooms next to the ends of windows. When some rooms have moved, others have by as many places at most.
    private static func edges(
        of ranges: [ClosedRange<Int>], within distance: Int, of entries: [ListMemory.Entry]
    ) -> [RoomNID] {
        ranges.flatMap { range -> [RoomNID] in
            guard range.lowerBound < entries.count else { return [] }
            let window = entries[range.lowerBound...min(range.upperBound, entries.count - 1)]
            return (window.prefix(distance) + window.suffix(distance)).map(\.room)
        }
    }

    /// Those of the rooms that the request asks for.
    private func found(
        _ wanted: Set<RoomNID>, _ content: SlidingRequest.Content, _ memory: ListMemory, _ context: SlidingContext
    ) async throws -> InterestingRooms {
        let standings = wanted.compactMap { room in context.view.standings[room].map { (room, $0) } }
        let rooms = try await self.rooms(standings, context)
        var found = InterestingRooms()
        for (name, list) in content.lists.sorted(by: { $0.key < $1.key }) {
            let entries = memory.lists[name] ?? []
            let isWhole = Self.isWhole(list.ranges, of: entries.count)
            let shown = rooms.compactMap { room -> ListedRoom? in
                guard let place = entries.place(of: room.nid) else { return nil }
                guard isWhole || list.ranges?.contains(where: { $0.contains(place) }) == true else { return nil }
                var room = room
                if room.form != .inside { room.recency = entries[place].recency }
                return room
            }
            found.counts[name] = entries.count
            found.add(shown, list.config, list: name)
        }
        for room in rooms {
            if let config = memory.subscriptions[room.nid] { found.subscribe(room, config) }
        }
        found.memory = memory
        return found
    }
}
