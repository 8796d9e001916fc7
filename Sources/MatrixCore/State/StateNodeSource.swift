/// Where stored packs come from: the database behind a cache. Packs never change, so a cache never needs to be told
/// anything.
package protocol StateNodeSource: Sendable {
    /// The pack when it is in memory. Reads that find everything here never suspend.
    func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack?

    /// Reads packs of one room. Whoever calls asks for at most ``StateTree/packsPerRead`` at once, in ascending order.
    ///
    /// - Returns: those that exist; a missing one makes the reading operation fail.
    func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack]
}
