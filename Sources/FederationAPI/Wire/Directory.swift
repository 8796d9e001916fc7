package import HTTPAPI
package import MatrixCore

/// A page of another server's public rooms. What each room is stays JSON.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1publicrooms
package struct PublicRoomsAnswer: WireReadable {
    /// A page of a hundred rooms with long topics.
    package static let maximumBytes = 2 << 20
    private static let maximumRooms = 1_000
    private static let maximumTokenBytes = 2_048

    package let rooms: [JSONView]
    package let nextBatch: String?
    package let previousBatch: String?
    package let total: Int?

    package init(_ fields: JSONFields) throws(MatrixError) {
        rooms = try fields.events("chunk", maximum: Self.maximumRooms)
        nextBatch = try Self.token(fields, "next_batch")
        previousBatch = try Self.token(fields, "prev_batch")
        let total: Int? = try fields.optional("total_room_count_estimate")
        self.total = total.map { max($0, 0) }
    }

    private static func token(_ fields: JSONFields, _ name: String) throws(MatrixError) -> String? {
        let token: String? = try fields.optional(name)
        guard (token?.utf8.count ?? 0) <= maximumTokenBytes else { throw .badJSON("\(name) is too long") }
        return token
    }
}

/// A space of another server's, and the rooms in it. What each is stays JSON.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1hierarchyroomid
package struct HierarchyAnswer: WireReadable {
    package static let maximumBytes = 4 << 20
    private static let maximumChildren = 2_000

    /// An object.
    package let room: JSONView
    package let childrenState: [JSONView]
    package let children: [JSONView]
    package let inaccessibleChildren: [RoomID]

    package init(_ fields: JSONFields) throws(MatrixError) {
        room = try fields.required("room")
        childrenState = try JSONFields(of: room, named: "room").events("children_state", maximum: Self.maximumChildren)
        children = try fields.events("children", maximum: Self.maximumChildren)
        let inaccessible: JSONArrayView? = try fields.optional("inaccessible_children")
        inaccessibleChildren =
            inaccessible?.prefix(Self.maximumChildren).compactMap { $0.string.flatMap(RoomID.init) } ?? []
    }
}
