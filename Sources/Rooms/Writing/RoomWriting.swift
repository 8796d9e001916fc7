package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// What writing into rooms rests on.
package struct RoomWriting: Sendable {
    package let reader: RoomReader
    package let numbers: NumberBlocks
    package let feed: LogFeed
    package let server: LocalServer
    package let localServerNID: ServerNID
    package let notifications: any NotificationPolicy
    package let telemetry: Telemetry
    /// Events that may come to be part of their room because somebody's membership changes.
    package let sticky: StickyEventStore
    /// Whether whoever leaves a room forgets it, too.
    package let forgetsOnLeave: Bool

    package init(
        reader: RoomReader, numbers: NumberBlocks, feed: LogFeed, server: LocalServer, localServerNID: ServerNID,
        notifications: any NotificationPolicy, sticky: StickyEventStore, forgetsOnLeave: Bool = false,
        telemetry: Telemetry
    ) {
        self.reader = reader
        self.numbers = numbers
        self.feed = feed
        self.server = server
        self.localServerNID = localServerNID
        self.notifications = notifications
        self.sticky = sticky
        self.forgetsOnLeave = forgetsOnLeave
        self.telemetry = telemetry
    }

    var now: Int64 { telemetry.clock.nowMilliseconds }

    /// Waits a little, and longer the more races were lost, so that the worker that is slower gets its turn.
    func pause(afterLostRaces races: Int) async throws {
        let bound = Duration.milliseconds(min(1 << min(races, 6), 50))
        try await telemetry.clock.sleep(for: telemetry.random.jittered(bound, fraction: 0.9))
    }

    /// What a write came to when it was done before: by its transaction id, or by its event id.
    func earlier(_ request: RoomWrite, _ built: RoomWriteResult?, _ room: RoomRecord) async throws -> RoomWriteResult? {
        switch request {
        case .local(let drafts):
            guard drafts.count == 1, let draft = drafts.first, let transaction = draft.transaction else { return nil }
            return try await reader.eventStore.event(
                sentBy: draft.sender.nid, in: room.nid, type: draft.type, transaction: transaction
            ).map { .repeated($0) }
        case .creation, .remote, .reconsidered: return try await committed(request, built, room)
        }
    }

    /// What the last attempt built, if it is there.
    func committed(_ request: RoomWrite, _ built: RoomWriteResult?, _ room: RoomRecord) async throws -> RoomWriteResult?
    {
        guard case .written(let built)? = built else { return nil }
        let found = try await reader.events.events(built.map(\.eventID), in: room)
        let events = built.compactMap { found[$0.eventID] }
        return events.count == built.count ? .written(events) : nil
    }
}
