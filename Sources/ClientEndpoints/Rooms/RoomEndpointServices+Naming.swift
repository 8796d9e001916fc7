import MatrixCore
import Rooms

extension RoomEndpointServices {
    /// The id of a room that a client names, and the servers through which it may be reached.
    func resolve(_ room: RoomIDOrAlias, via servers: [ServerName]) async throws -> (RoomID, [ServerName]) {
        switch room {
        case .id(let roomID): return (roomID, servers)
        case .alias(let alias):
            let resolved = try await aliases.resolve(alias)
            return (resolved.roomID, servers + resolved.servers.filter { !servers.contains($0) })
        }
    }
}
