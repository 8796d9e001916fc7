import Cluster
package import MatrixCore
import Rooms
import Storage
import Telemetry

/// The event stream from before there was sync, and what goes with it: `events` and `initialSync`. It is also how rooms are
/// looked into by those who are not in them.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-previews
package final class EventStream: Sendable {
    /// The longest that a request waits, and how long it does when it does not say.
    package static let maxTimeout = SyncRequest.maxTimeout
    package static let usualTimeout = Duration.seconds(30)
    /// Events of one answer.
    static let maxEvents = 100

    /// A stretch of the stream.
    package struct Page: Sendable {
        package let start: String
        package let end: String
        /// In client format, each with its room.
        package let events: [[UInt8]]
    }

    /// Who asks, from which device.
    package struct Reader: Sendable {
        let user: UserNID
        let deviceID: String?

        package init(user: UserNID, deviceID: String?) {
            self.user = user
            self.deviceID = deviceID
        }
    }

    let sync: SyncService
    let rooms: RoomService
    let accountData: AccountDataStore
    private let feed: LogFeed
    private let peeks: PeekWatches
    private let timeouts: Timeouts
    private let clock: any Clock

    package init(_ setup: SyncSetup, sync: SyncService) {
        self.sync = sync
        rooms = setup.rooms
        accountData = setup.accountData
        feed = setup.feed
        timeouts = setup.timeouts
        peeks = PeekWatches(feed: setup.feed, timeouts: setup.timeouts)
        clock = setup.telemetry.clock
    }

    /// Ends all waits: the worker is about to stop.
    package func drain() { peeks.drain() }

    /// A token for what there is now.
    func present() async throws -> String {
        try await feed.reachPresent()
        return encode(SyncToken(log: feed.heads, ephemeral: 0))
    }

    // MARK: All rooms of a user

    /// What happens in the user's rooms, waiting for it when nothing did: events, who types, what was read.
    ///
    /// - Parameter from: `nil` for now.
    /// - Throws: 400 `M_UNKNOWN_POS` for a token of nobody's.
    package func events(for reader: Reader, from: String?, timeout: Duration) async throws -> Page {
        let start: String
        if let from { start = from } else { start = try await present() }
        var request = SyncRequest(user: reader.user, deviceID: reader.deviceID)
        request.takesMessages = false
        request.since = start
        request.timeout = min(max(timeout, .zero), Self.maxTimeout)
        request.filter = #"{"room":{"timeline":{"limit":\#(Self.maxEvents)}}}"#
        let answer = try await sync.sync(request)
        var events: [[UInt8]] = []
        for room in answer.joined + answer.left {
            events += (room.timeline + room.ephemeral).map { Self.event($0, in: room.roomID) }
        }
        return Page(start: start, end: answer.nextBatch, events: events)
    }

    // MARK: One room

    /// What happens in a room that the user may read, waiting for it when nothing did.
    ///
    /// - Parameter from: `nil` for now.
    /// - Throws: 403 `M_FORBIDDEN`, 400 `M_UNKNOWN_POS` for a token of nobody's.
    package func events(
        in roomID: RoomID, for reader: Reader, from: String?, timeout: Duration
    ) async throws -> Page {
        let user = try await rooms.user(reader.user)
        let readable = try await rooms.readableRoom(roomID, by: user)
        let start: String
        if let from { start = from } else { start = try await present() }
        var token = try decode(start)
        guard await feed.reach(token.log, timeouts: timeouts) else {
            throw MatrixError(.unknownPosition, "the token is from a time that has not come")
        }
        let deadline = clock.monotonic + min(max(timeout, .zero), Self.maxTimeout)
        while true {
            let (events, isOver) = try await peeks.look(into: readable.room.nid, limit: deadline - clock.monotonic) {
                try await news(in: readable, after: &token, for: reader)
            }
            if events != nil || isOver { return Page(start: start, end: encode(token), events: events ?? []) }
        }
    }

    /// The oldest of the events after a token that may be seen; `nil` when there are none. The token moves on behind them.
    private func news(
        in readable: ReadableRoom, after token: inout SyncToken, for reader: Reader
    ) async throws -> [[UInt8]]? {
        let room = readable.room
        let head = feed.heads[room.shard]
        while token.log[room.shard] < head {
            let stored = try await rooms.reader.eventStore.timeline(
                of: room.nid, oldestAfter: token.log[room.shard], upTo: head, limit: Self.maxEvents)
            // A batch of the log is not taken apart: a token stands before one or after it.
            let whole = Self.wholeBatches(of: stored)
            let isLast = stored.count < Self.maxEvents
            token.log[room.shard] = isLast ? head : whole.last?.position ?? head
            let visible = try await rooms.visibility.visible(
                try rooms.reader.events.parse(whole, in: room), to: readable.viewer, in: room)
            if !visible.isEmpty { return try await rooms.render(visible, in: readable, device: reader.deviceID) }
        }
        return nil
    }

    /// The events of a page without those of its last batch, of which there may be more; all when it is one batch.
    private static func wholeBatches(of page: [StoredEvent]) -> [StoredEvent] {
        guard page.count == maxEvents, let last = page.last?.position, page.first?.position != last else { return page }
        return page.filter { $0.position < last }
    }

    // MARK: Tokens and events

    private func encode(_ token: SyncToken) -> String { token.encoded(incarnation: feed.installation.incarnation) }

    private func decode(_ text: String) throws(MatrixError) -> SyncToken {
        let installation = feed.installation
        do {
            return try SyncToken(text, incarnation: installation.incarnation, shards: Int(installation.shardCount))
        } catch {
            throw MatrixError(.unknownPosition, "the token is not known here")
        }
    }

    /// An event as sync has it, with its room.
    static func event(_ event: [UInt8], in room: RoomID) -> [UInt8] {
        var head = JSONWriter.write { $0.object { $0.field("room_id", room) } }
        guard event.count > 2 else { return head }
        head[head.count - 1] = UInt8(ascii: ",")
        return head + event.dropFirst()
    }
}
