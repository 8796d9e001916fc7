import Cluster
import MatrixCore
import Rooms
import Storage

/// Account data, global and of the rooms that the client is told.
struct AccountDataExtension: Sendable {
    private static let pushRulesType = "m.push_rules"
    /// The place of the global data.
    private static let global = RoomNID(0)

    let store: AccountDataStore
    let pushRules: SyncAccountData.PushRules

    /// - Parameter state: takes note of what is told and of what is passed over.
    /// - Cost: without news no query; otherwise one or two.
    func read(
        _ scope: SlidingExtensionRequests.Scope?, _ answer: SlidingExtensionContext, _ state: inout ConnectionState
    ) async throws -> SlidingExtensions.AccountData? {
        let context = answer.context
        let user = context.user
        let since = context.since?.log[user.shard] ?? 0
        let hasNews = context.changes?.own.contains(.accountData) ?? false
        let news = hasNews ? try await store.changes(of: user.nid, after: since) : []
        let relevant = Set(scope.map(answer.rooms) ?? []).filter { state[$0] != nil }
        passOver(news, since, relevant: relevant, isAsked: scope != nil, &state)
        guard scope != nil else { return nil }

        var whole: Set<RoomNID> = []
        var behind: [RoomNID: Int64] = [:]
        for room in relevant { Self.sort(room, state[room]?.accountData ?? .never, &whole, &behind) }
        Self.sort(Self.global, state.accountData, &whole, &behind)
        var records = news.filter { state.accountData == .live || $0.roomNID != nil }.filter { record in
            record.roomNID.map { relevant.contains($0) && state[$0]?.accountData == .live } ?? true
        }
        if !whole.isEmpty { records += try await store.all(of: user.nid, in: Array(whole)) }
        if let oldest = behind.values.min() {
            records += try await store.changes(of: user.nid, after: oldest).filter { record in
                behind[record.roomNID ?? Self.global].map { record.position > $0 } ?? false
            }
        }
        let tellsRules =
            whole.contains(Self.global) || behind[Self.global] != nil
            || context.changes?.own.contains(.pushRules) == true
        for room in relevant { state[room]?.accountData = .live }
        state.accountData = .live
        return try await told(
            records.filter { $0.position <= context.view.heads[user.shard] }, withRules: tellsRules, answer)
    }

    private static func sort(
        _ room: RoomNID, _ extent: ToldRoom.Extent, _ whole: inout Set<RoomNID>, _ behind: inout [RoomNID: Int64]
    ) {
        switch extent {
        case .never: whole.insert(room)
        case .upTo(let position): behind[room] = position
        case .live: break
        }
    }

    /// Notes what has changed and is not told now.
    private func passOver(
        _ news: [AccountDataRecord], _ since: Int64, relevant: Set<RoomNID>, isAsked: Bool,
        _ state: inout ConnectionState
    ) {
        if !isAsked, state.accountData == .live { state.accountData = .upTo(since) }
        for room in Set(news.compactMap(\.roomNID)) where !relevant.contains(room) {
            if state[room]?.accountData == .live { state[room]?.accountData = .upTo(since) }
        }
    }

    private func told(
        _ records: [AccountDataRecord], withRules: Bool, _ answer: SlidingExtensionContext
    ) async throws -> SlidingExtensions.AccountData {
        let context = answer.context
        var data = SlidingExtensions.AccountData()
        let rooms = try await context.reader.store.rooms(Array(Set(records.compactMap(\.roomNID))))
        for record in records {
            // What was deleted is told as empty content; who knows nothing is not told of it.
            let event = SyncAccountData.event(record.type, content: record.content ?? Array("{}".utf8))
            if let room = record.roomNID {
                if let roomID = rooms[room]?.roomID { data.rooms[roomID, default: []].append(event) }
            } else {
                data.global.append(event)
            }
        }
        if withRules, let rules = try await pushRules(context.user.nid) {
            data.global.append(SyncAccountData.event(Self.pushRulesType, content: rules))
        }
        return data
    }
}
