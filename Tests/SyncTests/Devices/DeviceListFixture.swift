import Cluster
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Sync

/// What tests of device lists do.
extension TestWorker {
    private static let note = Statement(
        "test.note_device_list", "select new_position, previous from note_device_list($1, $2, $3, $4)")
    private static let noteSignatures = Statement(
        "test.note_user_signatures", "select new_position, previous from note_user_signatures($1, $2, $3, $4)")

    /// Notes that devices of a user changed, as whoever changes them does.
    func changeDevices(of user: UserRecord, _ devices: [String] = ["D"]) async throws {
        var row = try await pool.query(Self.note, user.shard, user.nid.rawValue, Int64(1), devices).first
        let position = LogPosition(
            shard: user.shard, position: try row?.next(Int64.self) ?? 0, previous: try row?.next(Int64.self) ?? 0)
        feed.announce(.deviceLists, at: position, user: user.nid)
    }

    /// Notes that a user has signed the keys of others.
    func sign(_ others: [UserRecord], as user: UserRecord) async throws {
        var row = try await pool.query(
            Self.noteSignatures, user.shard, user.nid.rawValue, Int64(1), others.map(\.nid.rawValue)
        ).first
        let position = try row?.next(Int64.self) ?? 0
        let signature = LogRow(
            shard: user.shard, position: position, kind: .deviceLists, userNID: user.nid, memberNIDs: others.map(\.nid))
        feed.announce(signature, previous: try row?.next(Int64.self) ?? 0)
    }

    /// What one more sync tells of devices.
    func deviceLists(
        _ user: UserRecord, since: String, timeout: Duration = .zero
    ) async throws -> (changed: Set<String>, left: Set<String>, next: String) {
        let answer = try await sync(user, since: since, timeout: timeout)
        return (answer.deviceLists("changed"), answer.deviceLists("left"), answer.next)
    }
}

extension JSONDocument {
    func deviceLists(_ field: String) -> Set<String> { Self.names(self["device_lists"]?[field]) }

    /// Of a sliding sync; `nil` where there is no section.
    func slidDeviceLists(_ field: String) -> Set<String>? {
        (self["extensions"]?["e2ee"]?["device_lists"]?[field]).map { Self.names($0) }
    }

    private static func names(_ list: JSONView?) -> Set<String> { Set((list?.all ?? []).compactMap(\.string)) }
}

extension UserRecord {
    var name: String { userID.description }
}
