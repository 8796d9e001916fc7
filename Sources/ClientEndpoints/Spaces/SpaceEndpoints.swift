package import Directory
package import HTTPAPI
package import Rooms

/// The endpoint that walks through spaces.
package enum SpaceEndpoints {
    package static let all: [any Endpoint<SpaceServices>.Type] = [GetSpaceHierarchy.self]
}

/// What it works with.
package struct SpaceServices: Sendable {
    let rooms: RoomService
    let hierarchies: SpaceHierarchies

    package init(rooms: RoomService, hierarchies: SpaceHierarchies) {
        self.rooms = rooms
        self.hierarchies = hierarchies
    }
}
