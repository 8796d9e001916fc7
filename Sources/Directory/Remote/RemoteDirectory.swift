package import MatrixCore

/// What other servers tell of their rooms. Owned here, implemented by `Federation`; a worker without federation has none.
package protocol RemoteDirectory: Sendable {
    /// A page of another server's public rooms.
    ///
    /// - Throws: `MatrixError` with what the server said, or why it said nothing.
    func publicRooms(_ query: PublicRoomQuery, of server: ServerName) async throws -> PublicRoomPage

    /// A room that we are not in, and the rooms in it.
    ///
    /// - Returns: `nil` when none of the servers tells of it.
    func hierarchy(of room: RoomID, via servers: [ServerName]) async throws -> RemoteHierarchy?
}

/// What another server tells of a room and, if that is a space, of the rooms in it: not more than that the server may know
/// of them. Whether the one who asked may is another question.
package struct RemoteHierarchy: Sendable {
    package let room: RoomSummary
    /// In order.
    package let children: [SpaceChild]
    package let childSummaries: [RoomID: RoomSummary]
    /// Children that nobody here may see, so that nobody needs to be asked for them.
    package let inaccessible: Set<RoomID>

    package init(
        room: RoomSummary, children: [SpaceChild], childSummaries: [RoomSummary], inaccessible: Set<RoomID>
    ) {
        self.room = room
        self.children = children.sorted(by: SpaceChild.comesBefore)
        self.childSummaries = Dictionary(
            childSummaries.map { ($0.roomID, $0) }, uniquingKeysWith: { first, _ in first })
        self.inaccessible = inaccessible
    }
}
