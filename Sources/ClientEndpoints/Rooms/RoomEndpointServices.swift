package import Ephemeral
package import Federation
import HTTPAPI
package import MatrixCore
package import Rooms

/// What the endpoints about rooms work with.
package struct RoomEndpointServices: Sendable {
    package let rooms: RoomService
    package let aliases: any RoomAliasing
    package let defaultVersion: RoomVersion
    package let delayed: DelayedEvents
    package let thirdParty: ThirdPartyInvites
    /// `nil` where nobody is told who is online.
    package var presence: Presence?
    /// `nil` where nobody is told who types.
    package var typing: RoomTyping?

    package init(
        rooms: RoomService, aliases: any RoomAliasing, defaultVersion: RoomVersion, delayed: DelayedEvents,
        thirdParty: ThirdPartyInvites
    ) {
        self.rooms = rooms
        self.aliases = aliases
        self.defaultVersion = defaultVersion
        self.delayed = delayed
        self.thirdParty = thirdParty
    }

    /// The caller does something that only somebody who is there does.
    func noteActivity(of caller: LocalUser) async {
        await presence?.noteActivity(of: caller.userID, caller.userNID, device: caller.deviceID)
    }

    /// The caller has said something in a room: they are there, and do not type any more.
    func noteSaid(by caller: LocalUser, in roomID: RoomID) async {
        await noteActivity(of: caller)
        // It has been said: that somebody is shown as typing for a little longer is no failure of it.
        try? await typing?.end(caller.userID, in: roomID)
    }
}
