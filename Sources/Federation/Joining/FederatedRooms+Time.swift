import FederationAPI
import MatrixCore
package import Rooms
package import Storage
import Telemetry

extension FederatedRooms {
    /// Servers that are asked what they have at a time.
    private static var maxAskedForTime: Int { 3 }

    /// The first answer of the servers that are most likely to know: it may well be that of one which has a gap itself.
    package func event(in room: RoomRecord, at milliseconds: Int64, isForwards: Bool) async throws -> TimedEvent? {
        let servers = try await HistoryServers(rooms: rooms).candidates(in: room)
        for server in servers.prefix(Self.maxAskedForTime) {
            do {
                let told = try await trials.quickly {
                    try await client.event(
                        in: room.roomID, at: milliseconds, isForwards: isForwards, from: server)
                }
                return TimedEvent(eventID: told.eventID, originServerTS: told.originServerTS)
            } catch let error as FederationError {
                telemetry.log.info(
                    "no event by its time",
                    [.roomID: "\(room.roomID)", .destination: "\(server)", .cause: "\(error)"])
            }
        }
        return nil
    }
}
