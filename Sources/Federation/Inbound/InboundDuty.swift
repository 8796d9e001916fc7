package import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Works off the events that wait for what they build on: a slot for each shard of the log, whose rooms' events it takes.
///
/// Everything that it does may be done twice: an event is written once, whoever writes it.
package struct InboundDuty: Duty {
    package let name = "inbound"
    /// Rooms of a shard that are worked on at the same time.
    private static let maxRoomsAtOnce = 4
    private static let pauseAfterFailure = Duration.seconds(1)

    package let slotCount: Int
    private let services: InboundServices

    /// - Parameter shardCount: of the installation's log.
    package init(_ services: InboundServices, shardCount: Int16) {
        self.services = services
        slotCount = Int(shardCount)
    }

    package func run(_ lease: DutyLease) async throws {
        await services.slots.work(in: Int16(lease.slot), atMost: Self.maxRoomsAtOnce, by: { $0 }) { await work(on: $0) }
    }

    /// Looks for what is due, with one question for all slots.
    package func runBeside() async {
        await services.slots.look {
            try await services.staged.dueRooms(in: $0, now: services.now)
        } onFailure: { error in
            services.log.warning("waiting events could not be looked for", [.cause: "\(error)"])
        }
    }

    private func work(on roomID: RoomID) async {
        do {
            guard let room = try await services.rooms.reader.room(roomID), let version = RoomVersion(room.version)
            else {
                return try await services.staged.removeAll(of: roomID)
            }
            try await StagedRoom(room: room, version: version, services: services).work()
        } catch {
            guard !Task.isCancelled else { return }
            services.log.warning(
                "waiting events could not be worked off", [.roomID: "\(roomID)", .cause: "\(error)"])
            try? await services.telemetry.clock.sleep(for: Self.pauseAfterFailure)
        }
    }
}
