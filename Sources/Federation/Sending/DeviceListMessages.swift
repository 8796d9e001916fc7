package import Cluster
package import Encryption
package import MatrixCore
import Rooms
package import Storage

/// What happens to the devices of this server's users, for the servers with which they share rooms. Nothing is kept of the messages:
/// they are made of what the devices are when they are sent, so many changes of one device become one message for a server that was
/// out of reach.
///
/// What a server is told that comes to share a room with a user is in `DeviceIntroductions`.
package struct DeviceListMessages: DurableMessages {
    /// Users of one page of what was missed.
    private static let usersAtOnce = 20

    package let name = "device-lists"
    package let kind = LogKind.deviceLists
    private let services: SenderServices
    private let lists: OwnDeviceLists
    private let store: OwnDeviceStore
    private let joined: JoinedRooms

    package init(_ services: SenderServices, lists: OwnDeviceLists, store: OwnDeviceStore, joined: JoinedRooms) {
        self.services = services
        self.lists = lists
        self.store = store
        self.joined = joined
    }

    private var interning: Interning { services.rooms.reader.interning }

    package func messages(of rows: [LogRow]) async throws -> [LogPlace: [AddressedMessage]] {
        let users = try await interning.users(Set(rows.filter(\.tellsOfDevices).compactMap(\.userNID)))
        var stretches: [(row: LogPlace, stretch: OwnDeviceLists.Stretch)] = []
        for row in rows where row.tellsOfDevices {
            guard let user = row.userNID.flatMap({ users[$0] }), user.userID.serverName == services.rooms.server.name
            else { continue }
            stretches.append(
                (
                    LogPlace(of: row),
                    OwnDeviceLists.Stretch(user: user, since: row.position - 1, upTo: row.position)
                ))
        }
        let servers = try await servers(of: Set(stretches.map(\.stretch.user.nid)))
        stretches.removeAll { servers[$0.stretch.user.nid]?.isEmpty ?? true }
        guard !stretches.isEmpty else { return [:] }
        let updates = try await lists.updates(in: stretches.map(\.stretch))
        var messages: [LogPlace: [AddressedMessage]] = [:]
        for ((row, stretch), updates) in zip(stretches, updates) {
            let servers = Array(servers[stretch.user.nid] ?? [])
            messages[row] = updates.map { AddressedMessage(Self.message($0, of: stretch.user), to: servers) }
        }
        return messages
    }

    /// The other servers with which users share rooms.
    private func servers(of users: Set<UserNID>) async throws -> [UserNID: Set<ServerName>] {
        let stays = try await joined.stays(of: users)
        let rooms = stays.values.reduce(into: Set<RoomNID>()) { $0.formUnion($1.joined.keys) }
        var inRooms: [RoomNID: [ServerName]] = [:]
        for room in try await services.rooms.reader.store.rooms(Array(rooms)).values {
            let list = try await services.roomServers.servers(of: room.nid, shard: room.shard)
            inRooms[room.nid] = list.servers.values.map(\.name)
        }
        return stays.mapValues { stays in
            stays.joined.keys.reduce(into: []) { $0.formUnion(inRooms[$1] ?? []) }
        }
    }

    package func missed(
        by server: ServerName, since: LogVector, upTo: LogVector, after number: Int64
    ) async throws -> [DurableMessage] {
        let (serverNID, own) = (try await interning.server(server), services.rooms.writing.localServerNID)
        var last = UserNID(number)
        while true {
            let users = try await store.users(
                changedFor: serverNID, own: own, since: since, after: last, limit: Self.usersAtOnce)
            guard let newest = users.last else { return [] }
            let updates = try await lists.updates(
                in: users.map {
                    OwnDeviceLists.Stretch(user: $0, since: since[$0.shard], upTo: upTo[$0.shard])
                })
            let messages = zip(users, updates).flatMap { user, updates in
                updates.map { Self.message($0, of: user) }
            }
            // Of some nothing may be left that was before the end.
            if !messages.isEmpty { return messages }
            last = newest.nid
        }
    }

    /// Nothing is kept of them.
    package func delivered(_ messages: [DurableMessage], to server: ServerName) async throws {}

    /// All messages of a user go by the user's number: none is left behind when the next page begins after it.
    private static func message(_ update: OwnDeviceLists.Update, of user: UserRecord) -> DurableMessage {
        DurableMessage(number: user.nid.rawValue, bytes: update.edu)
    }
}
