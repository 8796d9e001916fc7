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
}
