import Cluster
package import MatrixCore
import Rooms
package import Storage

/// Account data in the form in which a sync has it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#client-config
package struct SyncAccountData: Sendable {
    /// Reads `m.push_rules`, which is kept elsewhere.
    package typealias PushRules = @Sendable (UserNID) async throws -> [UInt8]?

    struct Sections: Sendable {
        var global: [[UInt8]] = []
        var rooms: [RoomNID: [[UInt8]]] = [:]
    }

    private let store: AccountDataStore
    private let rooms: RoomStore
    private let pushRules: PushRules

    package init(store: AccountDataStore, rooms: RoomStore, pushRules: @escaping PushRules) {
        self.store = store
        self.rooms = rooms
        self.pushRules = pushRules
    }

    /// - Parameter own: the kinds of the user's own changes; `nil` in a first sync.
    func read(_ context: SyncContext, own: Set<LogKind>?) async throws -> Sections {
        let user = context.user
        let isWhole = own == nil || context.fullState
        var sections = Sections()
        if isWhole || own?.contains(.accountData) == true {
            let records =
                if isWhole { try await store.all(of: user.nid) } else {
                    try await store.changes(of: user.nid, after: context.since?.log[user.shard] ?? 0)
                }
            try await sort(
                records.filter { $0.position <= context.position(in: user.shard) }, into: &sections, context.filter)
        }
        let type = "m.push_rules"
        if isWhole || own?.contains(.pushRules) == true, context.filter.accountData.includes(type: type),
            let rules = try await pushRules(user.nid)
        {
            sections.global.append(Self.event(type, content: rules))
        }
        return sections
    }

    /// What the user has set for rooms that they come into now: perhaps long before.
    ///
    /// Cost: one query when there are such rooms.
    func read(of rooms: Set<RoomNID>, _ context: SyncContext) async throws -> [RoomNID: [[UInt8]]] {
        guard !rooms.isEmpty else { return [:] }
        let records = try await store.all(of: context.user.nid).filter { record in
            record.position <= context.position(in: context.user.shard)
                && record.roomNID.map { rooms.contains($0) } ?? false
        }
        var sections = Sections()
        try await sort(records, into: &sections, context.filter)
        return sections.rooms
    }

    private func sort(_ records: [AccountDataRecord], into sections: inout Sections, _ filter: SyncFilter) async throws
    {
        let known = try await rooms.rooms(Array(Set(records.compactMap(\.roomNID))))
        for record in records {
            // What was deleted is told as empty content.
            let event = Self.event(record.type, content: record.content ?? Array("{}".utf8))
            guard let room = record.roomNID else {
                if filter.accountData.includes(type: record.type) { sections.global.append(event) }
                continue
            }
            guard let roomID = known[room]?.roomID, filter.roomAccountData.includes(room: roomID),
                filter.roomAccountData.includes(type: record.type)
            else { continue }
            sections.rooms[room, default: []].append(event)
        }
    }

    static func event(_ type: String, content: [UInt8]) -> [UInt8] {
        JSONWriter.write(reservingCapacity: content.count + type.utf8.count + 40) { writer in
            writer.object {
                $0.field("type", type)
                $0.field("content", raw: content)
            }
        }
    }
}
