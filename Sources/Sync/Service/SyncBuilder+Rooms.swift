import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// How the rooms of an answer are read: side by side when there are many, and each by itself where one cannot be shown.
extension SyncBuilder {
    /// Rooms that are read before the first of them is rendered. Their events are in memory together.
    private static let roomsAtOnce = 100

    /// The rooms as far as they can be shown, in the order of the tasks.
    func updates(_ tasks: [RoomTask], _ context: SyncContext) async throws -> [Shown] {
        var tasks = tasks
        try await unlessOneIsBroken { tasks = try await rooms.started(tasks, context) }
        guard tasks.count >= SideBySide.minParallel else { return try await updates(tasks, by: rooms, context) }
        let gathering = try await rooms.gathering(
            tasks.count, for: context.user.userID, log: log, clock: telemetry.clock)
        var shown: [Shown] = []
        // What was read of a room waits for what relates to it, so not all rooms are read before the first is rendered.
        for some in tasks.chunks(of: Self.roomsAtOnce) {
            try await unlessOneIsBroken { try await gathering.load(some, context) }
            shown += try await updates(some, by: gathering, context)
        }
        return shown
    }

    /// Reads something for all rooms at once; nothing where that cannot be read for one of them, which is found when each is
    /// read by itself.
    private func unlessOneIsBroken(_ read: () async throws -> Void) async throws {
        do { try await read() } catch { guard Self.isOfOneRoom(error) else { throw error } }
    }

    private func updates(
        _ tasks: [RoomTask], by rooms: RoomUpdateBuilder, _ context: SyncContext
    ) async throws -> [Shown] {
        var readings = try await SideBySide.map(tasks, isShort: { $0.start?.isRemembered == true }) { task in
            try await self.unlessBroken(task.room) { (task, try await rooms.read(task, context)) }
        }.compactMap { $0 }
        try await addSticky(to: &readings, context)
        let related = try await related(to: readings.map(\.1), by: rooms)
        return try await SideBySide.map(readings, isShort: { _ in true }) { task, reading in
            try await self.unlessBroken(task.room) {
                Shown(
                    task: task, update: try await rooms.render(reading, with: related[task.room.nid], context))
            }
        }.compactMap { $0 }
    }

    /// What relates to the rooms' events. Where that cannot be read for all of them it is left out.
    private func related(
        to readings: [RoomReading], by rooms: RoomUpdateBuilder
    ) async throws -> [RoomNID: EventBundles] {
        do { return try await rooms.related(to: readings) } catch {
            guard Self.isOfOneRoom(error) else { throw error }
            telemetry.log.warning("what relates to events could not be shown", [.cause: "\(error)"])
            return [:]
        }
    }

    func strippedRooms(
        _ rooms: [(room: RoomRecord, standing: RoomStanding)], _ context: SyncContext
    ) async throws -> [StrippedRoom] {
        guard !rooms.isEmpty else { return [] }
        let reader = rooms.count < SideBySide.minParallel ? stripped : stripped.gathering()
        let told = try await reader.told(of: rooms.map(\.room.nid), to: context.user.nid)
        return try await SideBySide.map(rooms) { room, standing in
            try await self.unlessBroken(room) {
                try await reader.read(
                    room, standing: standing, told: told[room.nid], user: context.user, ignored: context.ignored)
            }
        }.compactMap { $0 ?? nil }
    }

    /// Rooms of which there is nothing to show but, where it is kept, the event by which the user got out of them.
    ///
    /// Cost: one query for all.
    func emptied(_ rooms: [RoomRecord], _ context: SyncContext) async throws -> [RoomUpdate] {
        guard !rooms.isEmpty else { return [] }
        let (filter, reader) = (context.filter, stripped.rooms.reader)
        let departures = try await reader.outsideDepartures(from: rooms.map(\.nid), of: context.user)
        let renderer = SyncEventRenderer(renderer: EventRenderer(reader: reader))
        let viewer = Viewer(user: context.user, membership: nil)
        var updates: [RoomUpdate] = []
        for room in rooms {
            var update = RoomUpdate(roomID: room.roomID)
            if let departure = departures[room.nid] {
                let shown = try await renderer.render([departure], in: room, for: viewer, context)
                let isInTimeline = filter.timeline.includes(room: room.roomID) && filter.timeline.limit != 0
                if isInTimeline, filter.timeline.includes(departure.event) { update.timeline = shown }
                let isInState = context.usesStateAfter && filter.state.includes(room: room.roomID)
                if isInState, filter.state.includes(departure.event) { update.state = shown }
            } else if context.since == nil {
                continue
            }
            updates.append(update)
        }
        return updates
    }

    // MARK: Rooms that cannot be shown

    /// Nothing, where a room is not what it has to be: whoever made it so shall not take the user's other rooms away.
    private func unlessBroken<Value: Sendable>(
        _ room: RoomRecord, _ body: @Sendable () async throws -> Value
    ) async throws -> Value? {
        do { return try await body() } catch {
            guard Self.isOfOneRoom(error) else { throw error }
            telemetry.log.error(
                "a room could not be shown in a sync", [.roomID: "\(room.roomID)", .cause: "\(error)"])
            return nil
        }
    }

    /// Whether an error says something of what is stored of a room; others end the request, and a retry may help.
    private static func isOfOneRoom(_ error: any Error) -> Bool {
        error is StorageError || error is StateTreeError || error is PDUError || error is MatrixError
    }
}
