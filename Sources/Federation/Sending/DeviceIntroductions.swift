package import Encryption
package import MatrixCore
package import Storage

/// What other servers are told of the devices of this server's users when they begin to share a room with them: the newest change
/// once more, so that a server that knows the devices from an earlier time finds out whether they still are as it knows them.
///
/// Nothing of it is kept, and all of it may be lost: who wants to know somebody's devices asks for them. So it is left out where it
/// would make very many servers ask at once for what most of them never need.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#device-management
package struct DeviceIntroductions: Sendable {
    /// In a room with more servers none is told.
    private static let maxServers = 50
    /// Users of this server in a room that another server comes into, of whom it is told.
    private static let maxUsers = 50

    private let lists: OwnDeviceLists
    private let store: OwnDeviceStore
    private let own: ServerNID

    /// - Parameter own: of this server.
    package init(lists: OwnDeviceLists, store: OwnDeviceStore, own: ServerNID) {
        self.lists = lists
        self.store = store
        self.own = own
    }

    /// Whom a row of a room's events introduces to which of the room's servers.
    ///
    /// - Cost: nothing where nobody came, or in a room of our own users alone; otherwise one query, and three more where there is
    ///   somebody to tell of.
    func introductions(by row: LogRow, in room: RoomNID, _ list: RoomServerList) async throws -> [OutgoingIntroduction]
    {
        guard !row.memberNIDs.isEmpty, !list.isEmpty, list.servers.count <= Self.maxServers else { return [] }
        let meeting = RoomMeeting(
            room: room, position: row.position, came: row.memberNIDs, servers: Array(list.servers.keys),
            newServers: list.servers.values.filter { $0.since == row.position }.map(\.nid), maxUsers: Self.maxUsers)
        let met = try await store.met(in: meeting, own: own)
        guard !met.isEmpty else { return [] }
        let users = Array(
            Dictionary(met.values.joined().map { ($0.nid, $0) }, uniquingKeysWith: { one, _ in one }).values)
        let updates = Dictionary(
            zip(users.map(\.nid), try await lists.introductions(of: users)), uniquingKeysWith: { one, _ in one })
        return met.flatMap { server, users in
            users.compactMap { user in
                guard let name = list.servers[server]?.name, let updates = updates[user.nid], !updates.isEmpty else {
                    return nil
                }
                return OutgoingIntroduction(server: name, user: user.userID, messages: updates.map(\.edu))
            }
        }
    }
}

/// The devices of a user, for a server that begins to share a room with the user.
struct OutgoingIntroduction: Sendable {
    let server: ServerName
    let user: UserID
    /// EDUs, as JSON.
    let messages: [[UInt8]]
}

extension OwnDeviceLists.Update {
    /// The whole EDU, as JSON.
    var edu: [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.field("edu_type", type)
                json.field("content", raw: content)
            }
        }
    }
}
