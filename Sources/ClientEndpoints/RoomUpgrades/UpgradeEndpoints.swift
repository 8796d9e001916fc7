package import HTTPAPI
package import Rooms

/// The endpoint that replaces rooms.
package enum UpgradeEndpoints {
    package static let all: [any Endpoint<UpgradeServices>.Type] = [UpgradeRoom.self]
}

/// What it works with.
package struct UpgradeServices: Sendable {
    let rooms: RoomService
    let upgrades: RoomUpgrades

    package init(rooms: RoomService, upgrades: RoomUpgrades) {
        self.rooms = rooms
        self.upgrades = upgrades
    }
}
