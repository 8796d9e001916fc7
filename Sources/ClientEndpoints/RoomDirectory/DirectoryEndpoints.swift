package import Directory
package import HTTPAPI

/// The endpoints about finding rooms: aliases, public lists, summaries.
package enum DirectoryEndpoints {
    package static let all: [any Endpoint<RoomDirectory>.Type] = [
        GetRoomIDByAlias.self, SetRoomAlias.self, DeleteRoomAlias.self, GetLocalAliases.self,
        GetRoomVisibilityOnDirectory.self, SetRoomVisibilityOnDirectory.self, GetPublicRooms.self,
        QueryPublicRooms.self, UpdateAppserviceRoomDirectoryVisibility.self, GetRoomSummary.self, GetMutualRooms.self,
    ]
}
