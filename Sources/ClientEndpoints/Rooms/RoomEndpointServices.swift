package import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// What the endpoints about rooms work with.
package struct RoomEndpointServices: Sendable {
    package let rooms: RoomService
    package let renderer: EventRenderer
    package let profiles: any MemberProfiles
    package let aliases: any RoomAliasing
    package let defaultVersion: RoomVersion
    package let clock: any Clock
    /// Reads a sync token where one may stand for a place in a room's history.
    package let syncPosition: @Sendable (_ token: String, _ shard: Int16) -> Int64?

    package init(
        rooms: RoomService, profiles: any MemberProfiles, aliases: any RoomAliasing, defaultVersion: RoomVersion,
        clock: any Clock, syncPosition: @escaping @Sendable (String, Int16) -> Int64?
    ) {
        self.rooms = rooms
        self.profiles = profiles
        self.aliases = aliases
        self.defaultVersion = defaultVersion
        self.clock = clock
        self.syncPosition = syncPosition
        renderer = EventRenderer(reader: rooms.reader)
    }
}
