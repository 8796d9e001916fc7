package import MatrixCore
import Storage

/// Names of rooms, as far as joining and creating rooms need them. Owned here, implemented by `Directory`.
package protocol RoomAliasing: AliasReservation {
    /// The room that an alias of any server names, and servers that are in it.
    ///
    /// - Throws: 404 `M_NOT_FOUND`.
    func resolve(_ alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName])
    /// Whether such a user may put rooms on the public list at all.
    func permitsPublishing(isAdministrator: Bool) -> Bool
}
