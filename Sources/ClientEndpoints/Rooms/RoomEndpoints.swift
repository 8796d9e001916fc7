package import HTTPAPI

/// The endpoints about rooms.
package enum RoomEndpoints {
    package static let all: [any Endpoint<RoomEndpointServices>.Type] = [
        CreateRoom.self,
        BanUser.self, ForgetRoom.self, GetJoinedRooms.self, InviteUser.self, JoinRoom.self, JoinRoomByID.self,
        KickUser.self, KnockRoom.self, LeaveRoom.self, UnbanUser.self,
        GetEventByTimestamp.self, GetEventContext.self, GetRelatingEvents.self, GetRelatingEventsWithRelType.self,
        GetRelatingEventsWithRelTypeAndEventType.self, GetThreadRoots.self, GetJoinedMembersByRoom.self,
        GetMembersByRoom.self, GetOneEvent.self, GetOneRoomEvent.self,
        GetRoomEvents.self, GetRoomState.self, GetRoomStateWithKey.self, RedactEvent.self, SendMessage.self,
        SetRoomStateWithKey.self,
        GetDelayedEvent.self, GetDelayedEvents.self, ManageDelayedEvent.self, ScheduleDelayedEvent.self,
    ]
}
