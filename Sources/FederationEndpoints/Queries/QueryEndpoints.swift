package import Accounts
package import Directory
package import HTTPAPI

/// What other servers are told about this one, its users and its rooms.
package enum QueryEndpoints {
    package static let all: [any Endpoint<QueryServices>.Type] = [
        GetVersion.self, QueryProfile.self, QueryRoomDirectory.self, QueryInfo.self, GetPublicRooms.self,
        QueryPublicRooms.self, GetSpaceHierarchy.self,
    ]
}

/// What the queries of other servers are answered from.
package struct QueryServices: Sendable {
    let profiles: Profiles
    let names: AccountNames
    let directory: RoomDirectory
    let sharesPublicRooms: Bool
    let name: String
    let version: String

    /// - Parameters:
    ///   - sharesPublicRooms: whether other servers may see the list of public rooms.
    ///   - name: of this software.
    package init(
        profiles: Profiles, names: AccountNames, directory: RoomDirectory, sharesPublicRooms: Bool, name: String,
        version: String
    ) {
        self.profiles = profiles
        self.names = names
        self.directory = directory
        self.sharesPublicRooms = sharesPublicRooms
        self.name = name
        self.version = version
    }
}
