import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// A room that a user's lists may have.
struct ListedRoom: Sendable {
    let nid: RoomNID
    let standing: RoomStanding
    /// In which form the user is shown the room now.
    let form: ToldRoom.Kind
    /// Milliseconds since 1970 of what the user may see of the newest activity.
    var recency: Int64 = 0
    var activity: RoomActivity?
    /// `nil` when nothing is known of the room's state.
    var facts: RoomFacts?
}

/// The rooms that an answer is about.
struct InterestingRooms: Sendable {
    struct Room: Sendable {
        var listed: ListedRoom
        var config: SlidingRoomConfig
        /// The lists that have it in their windows, in order.
        var lists: [String] = []
    }

    /// How many rooms each list has, whatever its windows.
    var counts: [String: Int] = [:]
    /// Where the client was told all that it asks for before, only those that may have something new.
    var rooms: [RoomNID: Room] = [:]
    /// What to go on from when the client has been told all of them.
    var memory: ListMemory?
}

/// Finds the rooms that a request asks for: filters the user's rooms, orders them by activity, cuts the windows out.
///
/// Cost: on a warm worker no query, and two look-ups in memory for each room of the user; from a `ListMemory` on only for those
/// of which something was written.
struct SlidingLists: Sendable {
    let activities: RoomActivities
    let facts: RoomFactsReader
    let standings: StandingReader
    let invites: InvitePermissions
    /// Rooms that were looked at: what an answer costs beyond what it tells.
    let examined: Counter

    func find(_ content: SlidingRequest.Content, _ context: SlidingContext) async throws -> InterestingRooms {
        guard !content.lists.isEmpty || !content.subscriptions.isEmpty else { return InterestingRooms() }
        let all = try await rooms(context.view.standings.map { ($0.key, $0.value) }, context)
        var found = InterestingRooms()
        var memory = ListMemory(context)
        if !content.lists.isEmpty {
            let asksForState = content.lists.values.contains { $0.filter.asksForState }
            var listed = try await listed(all, asksForState: asksForState, context)
            // Once for all lists; whoever sees everything needs no order.
            if content.lists.values.contains(where: { !Self.isWhole($0.ranges, of: listed.count) }) {
                listed.sort { ($0.recency, $0.nid) > ($1.recency, $1.nid) }
            }
            for (name, list) in content.lists.sorted(by: { $0.key < $1.key }) {
                let rooms = try await filtered(listed, by: list.filter, context)
                found.counts[name] = rooms.count
                found.add(Self.windows(of: rooms, list.ranges), list.config, list: name)
                memory.lists[name] = rooms.map { ListMemory.Entry(recency: $0.recency, room: $0.nid) }
            }
        }
        if !content.subscriptions.isEmpty {
            memory.subscriptions = try await subscribe(content.subscriptions, all, context, to: &found)
        }
        found.memory = memory
        return found
    }

    // MARK: The user's rooms

    func rooms(
        _ standings: [(nid: RoomNID, standing: RoomStanding)], _ context: SlidingContext
    ) async throws -> [ListedRoom] {
        examined.increment(by: UInt64(standings.count))
        var rooms = standings.map { ListedRoom(nid: $0.nid, standing: $0.standing, form: Self.form($0.standing)) }
        let inside = rooms.indices.filter { rooms[$0].form == .inside }
        let activities = try await activities.activities(
            of: inside.map { rooms[$0].nid }, at: context.view.heads)
        for (index, activity) in zip(inside, activities) {
            rooms[index].activity = activity
            rooms[index].recency = activity?.writtenAt ?? 0
        }
        return rooms
    }

    static func form(_ standing: RoomStanding) -> ToldRoom.Kind {
        switch standing.membership {
        case .join: .inside
        case .invite, .knock: .outside
        case .leave, .ban: .gone
        }
    }

    /// The rooms that lists may have, with all that filters ask for.
    private func listed(
        _ all: [ListedRoom], asksForState: Bool, _ context: SlidingContext
    ) async throws -> [ListedRoom] {
        var inside = all.filter { $0.form == .inside }
        if asksForState { try await addFacts(to: &inside, context) }
        let outside = try await invitesAndKnocks(
            all.filter { $0.form == .outside }, asksForState: asksForState, context)
        return inside + outside + (try await gone(all.filter { $0.form == .gone }, asksForState: asksForState, context))
    }

    private func addFacts(to rooms: inout [ListedRoom], _ context: SlidingContext) async throws {
        let remembered = facts.remembered(of: rooms.map { ($0.nid, $0.activity?.state) })
        var unknown: [RoomNID: StateRoot] = [:]
        for (index, facts) in remembered.enumerated() {
            rooms[index].facts = facts
            if facts == nil { unknown[rooms[index].nid] = rooms[index].activity?.state }
        }
        guard !unknown.isEmpty else { return }
        let records = try await context.reader.store.rooms(Array(unknown.keys))
        let read = try await facts.read(
            unknown.compactMap { nid, root in records[nid].map { ($0, root) } }, reader: context.reader)
        for index in rooms.indices where rooms[index].facts == nil { rooms[index].facts = read[rooms[index].nid] }
    }

    private func invitesAndKnocks(
        _ rooms: [ListedRoom], asksForState: Bool, _ context: SlidingContext
    ) async throws -> [ListedRoom] {
        guard !rooms.isEmpty else { return [] }
        var rooms = rooms
        try await addTimes(to: &rooms, context)
        let permission = try await invites.permission(of: context.user.nid)
        guard asksForState || !context.ignored.isEmpty || !permission.showsAll else { return rooms }
        let records = try await context.reader.store.rooms(rooms.map(\.nid))
        let facts = try await standings.outsideFacts(
            of: rooms.compactMap { room in records[room.nid].map { ($0, room.standing) } }, user: context.user)
        return rooms.compactMap { room in
            var room = room
            room.facts = facts[room.nid]?.room
            let isShown = Self.isShown(facts[room.nid]?.sender, permission, context)
            return isShown || room.standing.membership != .invite ? room : nil
        }
    }

    /// Whether the user is told of an invite.
    private static func isShown(
        _ sender: UserID?, _ permission: InvitePermission, _ context: SlidingContext
    ) -> Bool {
        guard let sender else { return true }
        return !context.ignored.contains(sender) && permission.shows(inviteFrom: sender)
    }

    /// Rooms that the user was taken out of; those that it left itself only as long as the client does not know.
    private func gone(
        _ rooms: [ListedRoom], asksForState: Bool, _ context: SlidingContext
    ) async throws -> [ListedRoom] {
        var news: [ListedRoom] = []
        var others: [ListedRoom] = []
        for room in rooms {
            if let told = context.told[room.nid],
                told.kind != .gone || told.standing != ToldRoom.mark(of: room.standing)
            {
                news.append(room)
            } else if !room.standing.isForgotten, room.standing.eventNID.rawValue != 0 {
                others.append(room)
            }
        }
        if !others.isEmpty {
            let origins = try await standings.origins(of: others.map { ($0.nid, $0.standing) }, reader: context.reader)
            others.removeAll { origins[$0.nid]?.sender == context.user.nid }
            let records = try await context.reader.store.rooms(others.map(\.nid))
            let stayed = try await standings.haveStayed(
                context.user, in: others.compactMap { room in records[room.nid].map { ($0, room.standing) } },
                reader: context.reader)
            others.removeAll { !stayed.contains($0.nid) }
        }
        var gone = news + others
        try await addTimes(to: &gone, context)
        if asksForState { try await addFactsAtDeparture(to: &gone, context) }
        return gone
    }

    private func addTimes(to rooms: inout [ListedRoom], _ context: SlidingContext) async throws {
        guard !rooms.isEmpty else { return }
        let origins = try await standings.origins(of: rooms.map { ($0.nid, $0.standing) }, reader: context.reader)
        for index in rooms.indices { rooms[index].recency = origins[rooms[index].nid]?.writtenAt ?? 0 }
    }

    private func addFactsAtDeparture(to rooms: inout [ListedRoom], _ context: SlidingContext) async throws {
        guard !rooms.isEmpty else { return }
        let records = try await context.reader.store.rooms(rooms.map(\.nid))
        let facts = try await standings.factsAtDeparture(
            from: rooms.compactMap { room in records[room.nid].map { ($0, room.standing) } }, of: context.user,
            reader: context.reader)
        for index in rooms.indices { rooms[index].facts = facts[rooms[index].nid] }
    }

    // MARK: Filters

    private func filtered(
        _ rooms: [ListedRoom], by filter: SlidingFilter, _ context: SlidingContext
    ) async throws -> [ListedRoom] {
        var inSpaces: Set<RoomNID>?
        if let spaces = filter.spaces { inSpaces = try await children(of: spaces, context) }
        let account = context.account
        return rooms.filter { room in
            if let wanted = filter.isDirect, account.direct.contains(room.nid) != wanted { return false }
            if let wanted = filter.isInvited, (room.standing.membership == .invite) != wanted { return false }
            if let inSpaces, !inSpaces.contains(room.nid) { return false }
            if filter.asksForState {
                // Of whose state nothing is known is in no list that asks for it.
                guard let facts = room.facts else { return false }
                if let wanted = filter.isEncrypted, facts.isEncrypted != wanted { return false }
                if let wanted = filter.roomTypes, !wanted.contains(facts.type) { return false }
                if let unwanted = filter.notRoomTypes, unwanted.contains(facts.type) { return false }
            }
            if filter.tags != nil || filter.notTags != nil {
                let tags = account.tags[room.nid] ?? []
                if let wanted = filter.tags, wanted.isDisjoint(with: tags) { return false }
                if let unwanted = filter.notTags, !unwanted.isDisjoint(with: tags) { return false }
            }
            return true
        }
    }

    private func children(of spaces: [RoomID], _ context: SlidingContext) async throws -> Set<RoomNID> {
        var children: Set<RoomID> = []
        let records = try await context.reader.store.rooms(spaces)
        let joined = records.values.filter { context.view.standings[$0.nid]?.membership == .join }
        let activities = try await activities.activities(of: joined.map(\.nid), at: context.view.heads)
        for (space, activity) in zip(joined, activities) {
            guard let root = activity?.state else { continue }
            children.formUnion(try await facts.children(of: space, at: root, reader: context.reader))
        }
        return Set(try await context.reader.store.rooms(Array(children)).values.map(\.nid))
    }

    // MARK: Windows

    static func isWhole(_ ranges: [ClosedRange<Int>]?, of count: Int) -> Bool {
        ranges?.contains { $0.lowerBound == 0 && $0.upperBound >= count - 1 } ?? true
    }

    /// - Parameter rooms: the newest first, unless all of them are wanted.
    private static func windows(of rooms: [ListedRoom], _ ranges: [ClosedRange<Int>]?) -> [ListedRoom] {
        guard let ranges, !isWhole(ranges, of: rooms.count) else { return rooms }
        var chosen = IndexSetOfRanges(ranges)
        return rooms.enumerated().filter { chosen.contains($0.offset) }.map(\.element)
    }

    // MARK: Subscriptions

    /// - Returns: those of the rooms that the user may see.
    private func subscribe(
        _ subscriptions: [RoomID: SlidingRoomConfig], _ all: [ListedRoom], _ context: SlidingContext,
        to found: inout InterestingRooms
    ) async throws -> [RoomNID: SlidingRoomConfig] {
        var subscribed: [RoomNID: SlidingRoomConfig] = [:]
        let records = try await context.reader.store.rooms(Array(subscriptions.keys))
        let wanted = Set(records.values.map(\.nid))
        let byNID = Dictionary(uniqueKeysWithValues: all.lazy.filter { wanted.contains($0.nid) }.map { ($0.nid, $0) })
        var others: [(room: ListedRoom, config: SlidingRoomConfig)] = []
        for (roomID, config) in subscriptions {
            guard let record = records[roomID], let room = byNID[record.nid] else { continue }
            if room.form == .inside {
                subscribed[room.nid] = config
                found.subscribe(room, config)
            } else if try await maySubscribe(room, record, context) {
                others.append((room, config))
            }
        }
        var rooms = others.map(\.room)
        try await addTimes(to: &rooms, context)
        for (room, (_, config)) in zip(rooms, others) {
            subscribed[room.nid] = config
            found.subscribe(room, config)
        }
        return subscribed
    }

    /// Who is in the room, is or was invited or knocks, or was in it. Rooms that were left and forgotten are as good as unknown.
    private func maySubscribe(
        _ room: ListedRoom, _ record: RoomRecord, _ context: SlidingContext
    ) async throws -> Bool {
        switch room.form {
        case .inside: return true
        case .outside:
            let permission = try await invites.permission(of: context.user.nid)
            guard room.standing.membership == .invite, !context.ignored.isEmpty || !permission.showsAll else {
                return true
            }
            let facts = try await standings.outsideFacts(of: [(record, room.standing)], user: context.user)
            return Self.isShown(facts[room.nid]?.sender, permission, context)
        case .gone:
            if context.told[room.nid] != nil { return true }
            guard !room.standing.isForgotten else { return false }
            return try await standings.haveStayed(
                context.user, in: [(record, room.standing)], reader: context.reader
            ).contains(room.nid)
        }
    }
}

/// Some ranges of indices, asked in ascending order.
private struct IndexSetOfRanges {
    private let ranges: [ClosedRange<Int>]
    private var next = 0

    init(_ ranges: [ClosedRange<Int>]) {
        self.ranges = ranges.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    }

    mutating func contains(_ index: Int) -> Bool {
        while next < ranges.count, ranges[next].upperBound < index { next += 1 }
        return ranges[next...].contains { $0.contains(index) }
    }
}

extension InterestingRooms {
    mutating func add(_ listed: [ListedRoom], _ config: SlidingRoomConfig, list: String) {
        rooms.reserveCapacity(rooms.count + listed.count)
        // Most rooms are in one list: they share its name.
        let names = [list]
        for room in listed {
            guard var known = rooms[room.nid] else {
                rooms[room.nid] = Room(listed: room, config: config, lists: names)
                continue
            }
            known.config.combine(with: config)
            known.lists.append(list)
            rooms[room.nid] = known
        }
    }

    mutating func subscribe(_ room: ListedRoom, _ config: SlidingRoomConfig) {
        guard var known = rooms[room.nid] else {
            rooms[room.nid] = Room(listed: room, config: config)
            return
        }
        known.config.combine(with: config)
        rooms[room.nid] = known
    }
}
