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
        let underWay = RoomsUnderWay()
        let due = services.slots.open(shard)
        defer { services.slots.close(shard) }
        await withDiscardingTaskGroup { group in
            for await found in due {
                for roomID in underWay.begin(found, atMost: Self.maxRoomsAtOnce) {
                    group.addTask {
                        await work(on: roomID)
                        underWay.end(roomID)
                        services.slots.wake(shard)
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Looks for what is due, with one question for all slots.
    package func runBeside() async {
        while !Task.isCancelled {
            let shards = await services.slots.next()
            guard !shards.isEmpty else { continue }
            do {
                services.slots.offer(try await services.staged.dueRooms(in: shards, now: services.now))
            } catch {
                guard !Task.isCancelled else { return }
                services.log.warning("waiting events could not be looked for", [.cause: "\(error)"])
                try? await services.telemetry.clock.sleep(for: Self.pauseAfterFailure)
                for shard in shards { services.slots.wake(shard) }
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
