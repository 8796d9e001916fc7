package import Directory
package import HTTPAPI

/// The endpoints about aliases and the public list.
package enum DirectoryEndpoints {
    package static let all: [any Endpoint<RoomDirectory>.Type] = [
        GetRoomIDByAlias.self, SetRoomAlias.self, DeleteRoomAlias.self, GetLocalAliases.self,
        GetRoomVisibilityOnDirectory.self, SetRoomVisibilityOnDirectory.self, GetPublicRooms.self,
        QueryPublicRooms.self,
    ]
}
