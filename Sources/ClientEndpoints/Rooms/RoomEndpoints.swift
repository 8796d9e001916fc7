package import HTTPAPI

/// The endpoints about rooms.
package enum RoomEndpoints {
    package static let all: [any Endpoint<RoomEndpointServices>.Type] = [
        CreateRoom.self,
        BanUser.self, ForgetRoom.self, GetJoinedRooms.self, InviteUser.self, JoinRoom.self, JoinRoomByID.self,
        KickUser.self, KnockRoom.self, LeaveRoom.self, UnbanUser.self,
        GetEventContext.self, GetJoinedMembersByRoom.self, GetMembersByRoom.self, GetOneRoomEvent.self,
        GetRoomEvents.self, GetRoomState.self, GetRoomStateWithKey.self, RedactEvent.self, SendMessage.self,
        SetRoomStateWithKey.self,
    ]
}
