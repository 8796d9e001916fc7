package import MatrixCore
package import Rooms

/// What the endpoints about rooms work with.
package struct RoomEndpointServices: Sendable {
    package let rooms: RoomService
    package let aliases: any RoomAliasing
    package let defaultVersion: RoomVersion

    package init(rooms: RoomService, aliases: any RoomAliasing, defaultVersion: RoomVersion) {
        self.rooms = rooms
        self.aliases = aliases
        self.defaultVersion = defaultVersion
    }
}
