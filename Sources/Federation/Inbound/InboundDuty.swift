package import Cluster
import MatrixCore
import Rooms
import Storage
import Synchronization
import Telemetry

/// Works off the events that wait for what they build on: a slot for each shard of the log, whose rooms' events it takes.
///
/// Everything that it does may be done twice: an event is written once, whoever writes it.
package struct InboundDuty: Duty {
    package let name = "inbound"
    /// How soon events are found that another worker has staged.
    private static let pollInterval = Duration.seconds(1)
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
        let shard = Int16(lease.slot)
        let rooms = RoomsUnderWay()
        try await withThrowingDiscardingTaskGroup { group in
            while !Task.isCancelled {
                // Those under way may be due as well.
                let due = try await services.staged.dueRooms(
                    in: shard, now: services.now, limit: Self.maxRoomsAtOnce * 2)
                for roomID in rooms.begin(due, atMost: Self.maxRoomsAtOnce) {
                    group.addTask {
                        await work(on: roomID)
                        rooms.end(roomID)
                        services.wakeUps.wake(shard)
                    }
                }
                await services.wakeUps.wait(for: shard, atMost: Self.pollInterval)
            }
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

/// The rooms of a slot that are worked on now.
private final class RoomsUnderWay: Sendable {
    private let rooms = Mutex<Set<RoomID>>([])

    /// - Returns: those that begin now.
    func begin(_ due: [RoomID], atMost limit: Int) -> [RoomID] {
        rooms.withLock { rooms in
            let begun = due.filter { !rooms.contains($0) }.prefix(max(limit - rooms.count, 0))
            rooms.formUnion(begun)
            return Array(begun)
        }
    }

    func end(_ room: RoomID) { rooms.withLock { _ = $0.remove(room) } }
}
