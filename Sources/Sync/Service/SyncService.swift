package import Cluster
import DeviceMessages
package import Ephemeral
import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// What the sync service is made of.
package struct SyncSetup: Sendable {
    package let rooms: RoomService
    package let typing: Typing
    package let feed: LogFeed
    package let watches: UserWatches
    package let timeouts: Timeouts
    package let log: LogStore
    package let receipts: ReceiptStore
    package let accountData: AccountDataStore
    package let filters: FilterStore
    package let pushRules: SyncAccountData.PushRules
    package let telemetry: Telemetry
    /// Counts for both protocols, and remembers for both.
    package let unread: UnreadCounter
    /// What this worker remembers of rooms, for both protocols.
    let memory: RoomMemory
    /// `nil` where nobody is told who is online.
    package var presence: VisiblePresence?
    package var devices = DeviceNewsSources()

    package init(
        rooms: RoomService, typing: Typing, feed: LogFeed, watches: UserWatches, timeouts: Timeouts, log: LogStore,
        receipts: ReceiptStore, accountData: AccountDataStore, filters: FilterStore,
        pushRules: @escaping SyncAccountData.PushRules, telemetry: Telemetry
    ) {
        self.rooms = rooms
        self.typing = typing
        self.feed = feed
        self.watches = watches
        self.timeouts = timeouts
        self.log = log
        self.receipts = receipts
        self.accountData = accountData
        self.filters = filters
        self.pushRules = pushRules
        self.telemetry = telemetry
        unread = UnreadCounter(store: receipts, events: rooms.reader.events, feed: feed)
        memory = RoomMemory(reader: rooms.reader, feed: feed, log: log, clock: telemetry.clock)
    }
}

/// Sync, version 3: what happened since the client asked the last time, waiting for it if nothing did.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#syncing
package final class SyncService: Sendable {
    private let feed: LogFeed
    private let watches: UserWatches
    private let timeouts: Timeouts
    private let interning: Interning
    private let filters: SyncFilters
    private let ignored: IgnoredUsers
    private let known = KnownMembersCache()
    private let builder: SyncBuilder
    private let clock: any Clock

    package init(_ setup: SyncSetup) {
        let reader = setup.rooms.reader
        feed = setup.feed
        watches = setup.watches
        timeouts = setup.timeouts
        interning = reader.interning
        filters = SyncFilters(store: setup.filters)
        ignored = setup.rooms.ignored
        clock = setup.telemetry.clock
        let questions = RoomQuestions(reader: reader, log: setup.log, clock: clock)
        builder = SyncBuilder(
            setup, planner: SyncPlanner(reader: reader),
            rooms: RoomUpdateBuilder(reader: reader, questions: questions, memory: setup.memory),
            stripped: StrippedRoomReader(rooms: setup.rooms))
    }

    /// Answers as soon as there is something to tell, when the time is over, or when the worker is about to stop.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for what is no token, and for a filter that there is not; 400 `M_UNKNOWN` for a token of
    ///   another database, or of a time that has not come: the client starts again without.
    /// - Cost: without news no query on a worker that knows the user.
    package func sync(_ request: SyncRequest) async throws -> SyncAnswer {
        let user = try await interning.user(request.user)
        let filter = try await filters.filter(request.filter, of: request.user)
        var since = try request.since.map(token)
        if let since { try await reach(since) }
        let deadline = clock.monotonic + min(max(request.timeout, .zero), SyncRequest.maxTimeout)
        let answersAtOnce = since == nil || request.fullState || request.timeout <= .zero
        // Who waits is told by the log's coming; who does not wait must not miss what was acknowledged before.
        if answersAtOnce { try await feed.reachPresent() }
        while true {
            let view = try await watches.view(of: user)
            var next = SyncToken(log: view.heads, ephemeral: view.ephemeral)
            let inbox = try await inbox(for: request, view, since: since)
            next.inbox = inbox.rest
            if request.fullState || !inbox.isEmpty || mayBeNews(view, since: since, isLast: answersAtOnce) {
                let answer = try await answer(request, since: since, view: view, next: next, inbox, filter)
                if answersAtOnce || !answer.isEmpty { return answer }
                // It was nothing for this client: go on from there.
                since = next
            }
            if answersAtOnce { return try await empty(request, view, ephemeral: since?.ephemeral) }
            let reason = await watches.wait(
                for: user, after: next.log, ephemeral: next.ephemeral, limit: deadline - clock.monotonic)
            switch reason {
            case .news: continue
            case .cancelled: throw CancellationError()
            case .deadline, .draining:
                // Somebody's presence may have passed by, for which nobody is woken: it is shown with the next news.
                return try await empty(request, view, ephemeral: since?.ephemeral)
            }
        }
    }

    /// Whether there may be something to tell.
    ///
    /// - Parameter isLast: whether the client is answered with what there is now, and so is told of presence for which nobody
    ///   is woken.
    private func mayBeNews(_ view: UserView, since: SyncToken?, isLast: Bool) -> Bool {
        guard let since else { return true }
        if view.mayHaveChanged(since: since.log, ephemeral: since.ephemeral) { return true }
        return isLast && builder.presence != nil && view.ephemeral > since.ephemeral
    }

    // MARK: Tokens

    private func token(_ text: String) throws(MatrixError) -> SyncToken {
        let installation = feed.installation
        do {
            return try SyncToken(
                text, incarnation: installation.incarnation, shards: Int(installation.shardCount))
        } catch {
            switch error {
            case .malformed: throw .invalidParam("since is no token of this server")
            case .otherIncarnation: throw Self.unknownToken
            }
        }
    }

    private static var unknownToken: MatrixError {
        MatrixError(.unknown, "the token is not known here: sync again without one", status: 400)
    }

    private func encode(_ token: SyncToken) -> String { token.encoded(incarnation: feed.installation.incarnation) }

    /// Catches up with the worker that gave the token out.
    private func reach(_ token: SyncToken) async throws {
        guard await feed.reach(token.log, timeouts: timeouts) else {
            try Task.checkCancellation()
            throw Self.unknownToken
        }
    }

    // MARK: Answers

    /// What waits for the device after what it has seen, which it has got by coming back.
    ///
    /// - Cost: without news no query on a worker that knows the device.
    private func inbox(for request: SyncRequest, _ view: UserView, since: SyncToken?) async throws -> InboxPage {
        guard request.takesMessages, let deviceID = request.deviceID, let messages = builder.devices.messages else {
            return InboxPage()
        }
        let shard = view.user.shard
        let seen = since.map { $0.inbox ?? InboxPlace(after: $0.log[shard]) }
        return try await messages.page(for: deviceID, of: view.user, after: seen, upTo: view.heads[shard])
    }

    private func answer(
        _ request: SyncRequest, since: SyncToken?, view: UserView, next: SyncToken, _ inbox: InboxPage,
        _ filter: SyncFilter
    ) async throws -> SyncAnswer {
        let (nextBatch, before) = (encode(next), request.since)
        let isLazy = filter.state.lazyLoadsMembers
        let known = isLazy ? before.map { self.known.known(to: request.deviceID, of: request.user, at: $0) } : nil
        let context = SyncContext(
            request, view: view, since: since, filter: filter,
            ignored: try await ignored.users(ignoredBy: request.user),
            known: known ?? KnownMembers(), inbox: inbox, now: clock.nowMilliseconds, nextBatch: nextBatch)
        let (answer, knownAfter) = try await builder.build(context)
        if isLazy { note(knownAfter, request, next: nextBatch, known: known) }
        return answer
    }

    private func note(_ after: KnownMembers, _ request: SyncRequest, next: String, known: KnownMembers?) {
        self.known.note(
            after, to: request.deviceID, of: request.user, at: next,
            since: request.since.map { ($0, known ?? KnownMembers()) })
    }

    /// Nothing, up to now. What the device knows of members goes on under the new token.
    private func empty(_ request: SyncRequest, _ view: UserView, ephemeral: Int64?) async throws -> SyncAnswer {
        let nextBatch = encode(SyncToken(log: view.heads, ephemeral: ephemeral ?? view.ephemeral))
        if let before = request.since {
            let known = known.known(to: request.deviceID, of: request.user, at: before)
            if known.count > 0 { note(known, request, next: nextBatch, known: known) }
        }
        var answer = SyncAnswer(nextBatch: nextBatch, usesStateAfter: request.usesStateAfter)
        // Counts that are missing would be taken for none left.
        answer.devices.keys = try await builder.devices.keyCounts(of: request.deviceID, view, since: nil)
        return answer
    }
}
