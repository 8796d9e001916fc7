package import HTTPAPI
package import MatrixCore

/// A room that an alias stands for.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1querydirectory
package struct DirectoryAnswer: WireReadable, JSONResponse {
    private static let maximumServers = 1000

    package let roomID: RoomID
    package let servers: [ServerName]

    package init(roomID: RoomID, servers: [ServerName]) {
        self.roomID = roomID
        self.servers = servers
    }

    package init(_ fields: JSONFields) throws(MatrixError) {
        roomID = try fields.required("room_id", RoomID.init)
        let names: JSONArrayView = try fields.required("servers")
        servers = names.prefix(Self.maximumServers).compactMap { $0.string.flatMap(ServerName.init) }
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("room_id", roomID)
            json.field("servers", strings: servers.map(\.description))
        }
    }
}

/// The profile of a user of another server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryprofile
package struct ProfileAnswer: WireReadable {
    private static let maximumFields = 200
    /// A profile has at most 64 KiB; however it is escaped.
    package static let maximumBytes = 256 * 1024

    /// By name; those of the specification are strings when they are there.
    package let values: [String: JSONValue]
    package var displayName: String? { values["displayname"]?.string }
    package var avatarURL: String? { values["avatar_url"]?.string }

    package init(_ fields: JSONFields) throws(MatrixError) {
        let all = try fields.members()
        guard all.count <= Self.maximumFields else { throw .badJSON("too many fields") }
        values = all.filter { name, value in
            !["displayname", "avatar_url"].contains(name) || value.string != nil
        }
    }
}

/// Keys that a notary hands on. Each is checked by `ServerKeys` before it is believed.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixkeyv2query
package struct NotaryAnswer: WireReadable {
    private static let maximumServers = 1000

    package let serverKeys: [JSONView]

    package init(_ fields: JSONFields) throws(MatrixError) {
        serverKeys = try fields.events("server_keys", maximum: Self.maximumServers)
    }
}
