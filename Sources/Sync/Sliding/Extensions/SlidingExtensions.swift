package import Encryption
package import MatrixCore
package import Storage

/// What the extensions add to an answer; `nil` for those that were not asked for.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
package struct SlidingExtensions: Sendable {
    package struct ToDevice: Sendable {
        /// Where the client goes on.
        package var nextBatch: String
        package var events: [[UInt8]] = []
    }

    package struct EndToEnd: Sendable {
        /// `nil` in a first answer.
        package var lists: DeviceListChanges?
        package var keys = KeyCounts()
    }

    package struct AccountData: Sendable {
        package var global: [[UInt8]] = []
        package var rooms: [RoomID: [[UInt8]]] = [:]
    }

    package struct Threads: Sendable {
        /// Newest first.
        package var changes: [ThreadSubscriptionRecord] = []
        package var rooms: [RoomNID: RoomID] = [:]
        /// Where the changes go on that are left out.
        package var prevBatch: String?
    }

    package internal(set) var toDevice: ToDevice?
    package internal(set) var endToEnd: EndToEnd?
    package internal(set) var accountData: AccountData?
    /// An event for each room.
    package internal(set) var receipts: [RoomID: [UInt8]]?
    package internal(set) var typing: [RoomID: [UInt8]]?
    package internal(set) var threads: Threads?

    /// Whether there is nothing in it that a client would want to be woken for.
    var isEmpty: Bool {
        (toDevice?.events.isEmpty ?? true)
            && (endToEnd.map { ($0.lists?.isEmpty ?? true) && !$0.keys.isNews } ?? true)
            && (accountData.map { $0.global.isEmpty && $0.rooms.isEmpty } ?? true) && (receipts?.isEmpty ?? true)
            && (typing?.isEmpty ?? true) && (threads?.changes.isEmpty ?? true)
    }
}

/// What an extension has to know of the answer that it belongs to.
struct SlidingExtensionContext: Sendable {
    let context: SlidingContext
    /// The rooms that the request asks for.
    let found: InterestingRooms
    /// The rooms of the answer.
    let answered: [RoomNID: SlidingRoom]
    /// The records of all these rooms, when an extension names rooms.
    let records: [RoomNID: RoomRecord]

    /// The rooms that an extension is about: those in the windows of its lists, and those that it names.
    func rooms(in scope: SlidingExtensionRequests.Scope) -> [RoomNID] {
        guard let names = scope.rooms else { return Array(found.rooms.keys) }
        let (lists, ids) = (scope.lists.map { Set($0) }, Set(names))
        return found.rooms.compactMap { nid, room in
            let isListed = lists.map { lists in room.lists.contains { lists.contains($0) } } ?? !room.lists.isEmpty
            if isListed { return nid }
            return records[nid].map { ids.contains($0.roomID) } == true ? nid : nil
        }
    }
}
