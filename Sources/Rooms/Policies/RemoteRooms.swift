package import MatrixCore
package import Storage

/// What a room needs of other servers. Owned here, implemented by `Federation`; a worker without federation has none.
package protocol RemoteRooms: Sendable {
    /// Joins, through one of the servers, a room in which we are not, or in which nobody of us may let the user in.
    ///
    /// - Throws: `MatrixError` with what the last server said.
    func join(_ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]) async throws
    func knock(_ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]) async throws
    /// Refuses an invite, or takes a knock back, in a room in which we are not. The user's membership here is for the caller to
    /// end, whether another server could be told or not.
    ///
    /// - Returns: the event by which the room was told.
    func leave(
        _ roomID: RoomID, as user: UserRecord, content: JSONView, via servers: [ServerName]
    ) async throws -> Event
    /// Has an invite signed by the server of the user whom it invites.
    ///
    /// - Parameter state: what the invited user is told of the room.
    func invite(_ event: Event, state: [Event]) async throws -> Event
    /// Fetches history before some events of the room, from servers that are in it.
    ///
    /// - Returns: whether anything new was stored.
    func backfill(_ room: RoomRecord, before events: [EventID], limit: Int) async throws -> Bool
    /// The event that another server which is in the room has nearest to a time: not before it, or not after it.
    ///
    /// - Returns: `nil` when none of them knows one. Nothing of what is told was checked.
    func event(in room: RoomRecord, at milliseconds: Int64, isForwards: Bool) async throws -> TimedEvent?
    /// The room that another server's alias names, and servers that are in it; `nil` when that server knows no such alias.
    func room(for alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName])?
}
