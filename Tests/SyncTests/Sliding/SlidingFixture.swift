import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync

/// Asks for sliding syncs in tests.
extension TestWorker {
    /// One sliding sync, as JSON.
    func slide(
        _ user: UserRecord, at position: String? = nil, device: String? = "D", connection: String = "",
        dialect: SlidingRequest.Dialect = .stable, timeout: Duration = .zero,
        _ fill: (inout SlidingRequest.Content) -> Void
    ) async throws -> JSONDocument {
        var request = SlidingRequest(user: user.nid, deviceID: device, dialect: dialect)
        request.position = position
        request.connection = connection
        request.timeout = timeout
        var content = SlidingRequest.Content()
        fill(&content)
        request.content = content.naming(user.userID)
        let answer = try await sliding.sync(request)
        return try JSONDocument(parsing: JSONWriter.write { answer.write(to: &$0) })
    }

    /// One with a single list.
    func slide(
        _ user: UserRecord, at position: String? = nil, list: SlidingRequest.List, device: String? = "D",
        connection: String = "", timeout: Duration = .zero
    ) async throws -> JSONDocument {
        try await slide(user, at: position, device: device, connection: connection, timeout: timeout) {
            $0.lists["list"] = list
        }
    }

    func setAccountData(
        _ type: String, in room: RoomID? = nil, of user: UserRecord, to content: String?
    ) async throws {
        let nid: RoomNID? = if let room { try await base.record(room).nid } else { nil }
        let outcome = try await accountData.set(
            type, in: nid, of: user, to: content.map { Array($0.utf8) }, now: 1)
        if case .written(let position?) = outcome {
            feed.announce(.accountData, at: position, room: nid, user: user.nid)
        }
    }
}

extension SlidingRequest.List {
    /// A list of some of the newest rooms.
    static func newest(
        _ count: Int? = nil, timeline: Int = 10, state: [(String?, String?)] = [], lazy: Bool = false,
        filter: (inout SlidingFilter) -> Void = { _ in }
    ) -> SlidingRequest.List {
        var filters = SlidingFilter()
        filter(&filters)
        return SlidingRequest.List(
            config: SlidingRoomConfig(
                timelineLimit: timeline, requiredState: .these(state, lazy: lazy)),
            filter: filters, ranges: count.map { [0...($0 - 1)] })
    }
}

extension RequiredState {
    static func these(_ elements: [(String?, String?)], lazy: Bool = false) -> RequiredState {
        RequiredState(include: elements.map { Element(type: $0.0, stateKey: $0.1) }, lazyMembers: lazy)
    }
}

extension JSONDocument {
    var position: String { self["pos"]?.string ?? "" }

    /// The rooms of a sliding sync, by their ids.
    var slidRooms: [String: JSONView] {
        Dictionary(uniqueKeysWithValues: (self["rooms"]?.object.map { Array($0) } ?? []).map { ($0.key, $0.value) })
    }

    func slid(_ room: RoomID) -> JSONView? { self["rooms"]?[room.description] }

    func count(_ list: String = "list") -> Int64? { self["lists"]?[list]?["count"]?.int }
}

extension JSONView {
    var slidTimeline: [JSONView] { self["timeline"]?.all ?? [] }
    var slidBodies: [String] { slidTimeline.compactMap { $0["content"]?["body"]?.string } }
    var slidState: [String] { (self["required_state"]?.all ?? []).map(\.stateName).sorted() }
}
