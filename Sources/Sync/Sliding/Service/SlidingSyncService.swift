import Cluster
import Ephemeral
import MatrixCore
import Rooms
package import Storage
import Telemetry

/// Simplified sliding sync: as much of the user's rooms as the client asks for, and then what changes in them.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
package final class SlidingSyncService: Sendable {
    /// How long a position of a worker that is ahead of this one may make a request wait.
    private static let reachLimit = Duration.seconds(5)
    /// The feed's heads move a moment before its observers are told.
    private static let observerDelay = Duration.milliseconds(1)
    private static let maxObserverDelays = 1_000
    /// Connections of which the last answer is remembered.
    private static let maxSettled = 50_000

    /// A position at which a request of this content was told all that there was.
    private struct Settled: Sendable {
        let position: String
        let content: SlidingRequest.Content
        let counts: [String: Int]
    }

    private let feed: LogFeed
    private let watches: UserWatches
    private let timeouts: Timeouts
    private let interning: Interning
    private let connections: SlidingConnections
    private let builder: SlidingBuilder
    private let clock: any Clock
    private let settled = GenerationalCache<SlidingConnection, Settled>(maxWeight: maxSettled)

    package init(_ setup: SyncSetup, states: SlidingStateStore, threads: ThreadSubscriptions) {
        let reader = setup.rooms.reader
        let clock = setup.telemetry.clock
        self.clock = clock
        feed = setup.feed
        watches = setup.watches
        timeouts = setup.timeouts
        interning = reader.interning
        connections = SlidingConnections(store: states, installation: setup.feed.installation, clock: clock)
        let lists = SlidingLists(
            activities: RoomActivities(feed: setup.feed, log: setup.log, clock: clock), facts: RoomFactsReader(),
            standings: StandingReader(stripped: StrippedRoomReader(rooms: setup.rooms)))
        builder = SlidingBuilder(
            rooms: setup.rooms, log: setup.log, lists: lists, changes: ChangeFinder(feed: setup.feed, log: setup.log),
            account: AccountFactsReader(store: setup.accountData, rooms: reader.store, feed: setup.feed),
            unread: UnreadCounter(store: setup.receipts, events: reader.events, feed: setup.feed),
            accountData: AccountDataExtension(store: setup.accountData, pushRules: setup.pushRules),
            receipts: ReceiptsExtension(store: setup.receipts, interning: reader.interning),
            typing: TypingExtension(typing: setup.typing), threads: ThreadsExtension(subscriptions: threads),
            endToEnd: EndToEndExtensions(sources: setup.devices), telemetry: setup.telemetry.labelled("sliding-sync"))
    }

    /// Answers as soon as there is something to tell, when the time is over, or when the worker is about to stop.
    ///
    /// - Throws: 400 `M_UNKNOWN_POS` for a position of nobody, of another device, or that has expired: the client begins
    ///   again without one.
    /// - Cost: without news no query on a worker that knows the user.
    package func sync(_ request: SlidingRequest) async throws -> SlidingAnswer {
        let user = try await interning.user(request.user)
        let connection = SlidingConnection(
            user: user.nid, deviceID: request.deviceID ?? "", name: request.connection)
        var told = ConnectionState(base: .none)
        var since: SyncToken?
        if let position = request.position {
            (told, since) = try await connections.resume(position, of: connection)
        }
        if let since { try await reach(since.log) }
        let answersAtOnce = since == nil || request.timeout <= .zero
        let deadline = clock.monotonic + min(max(request.timeout, .zero), SyncRequest.maxTimeout)
        // Who waits is told by the log's coming; who does not wait must not miss what was acknowledged before.
        if answersAtOnce { try await feed.reachPresent() }
        var counts = settledCounts(of: request, connection)
        while true {
            let view = try await view(of: user, atLeast: since?.log)
            let next = SyncToken(log: view.heads, ephemeral: max(view.ephemeral, since?.ephemeral ?? 0))
            let isNews = since.map { view.mayHaveChanged(since: $0.log, ephemeral: $0.ephemeral) } ?? true
            if counts == nil || isNews {
                let (answer, toldNow) = try await builder.build(request, view, since: since, next: next, told: told)
                if answersAtOnce || !answer.isEmpty {
                    return try await settle(answer, request, view, at: next, toldNow, connection)
                }
                // It was nothing for this client: go on from there.
                (since, told, counts) = (next, toldNow, answer.counts)
            }
            let quiet = SlidingAnswer(dialect: request.dialect, counts: counts ?? [:])
            if answersAtOnce { return try await settle(quiet, request, view, at: next, told, connection) }
            let reason = await watches.wait(
                for: user, after: next.log, ephemeral: next.ephemeral, limit: deadline - clock.monotonic)
            switch reason {
            case .news: continue
            case .cancelled: throw CancellationError()
            case .deadline, .draining: return try await settle(quiet, request, view, at: next, told, connection)
            }
        }
    }

    // MARK: Places

    /// Catches up with the worker that gave a position out.
    private func reach(_ vector: LogVector) async throws {
        guard await feed.reach(vector, within: Self.reachLimit, timeouts: timeouts) else {
            try Task.checkCancellation()
            throw SlidingConnections.unknownPosition
        }
    }

    private func view(of user: UserRecord, atLeast vector: LogVector?) async throws -> UserView {
        for _ in 0..<Self.maxObserverDelays {
            let view = try await watches.view(of: user)
            guard let vector, !view.heads.covers(vector) else { return view }
            try await clock.sleep(for: Self.observerDelay)
        }
        throw ClusterError.feedIsBehind
    }

    // MARK: Answers

    /// How many rooms the lists had at the position that the client comes with, when it was told all that it asks for.
    private func settledCounts(of request: SlidingRequest, _ connection: SlidingConnection) -> [String: Int]? {
        guard let last = settled[connection], last.position == request.position, last.content == request.content else {
            return nil
        }
        return last.counts
    }

    private func settle(
        _ answer: SlidingAnswer, _ request: SlidingRequest, _ view: UserView, at token: SyncToken,
        _ told: ConnectionState, _ connection: SlidingConnection
    ) async throws -> SlidingAnswer {
        var answer = answer
        if answer.extensions.toDevice == nil, let toDevice = request.content.extensions.toDevice {
            answer.extensions.toDevice = builder.endToEnd.toDevice(toDevice)
        }
        if answer.extensions.endToEnd == nil, request.content.extensions.endToEnd {
            answer.extensions.endToEnd = try await builder.endToEnd.quiet(of: request.deviceID, view)
        }
        (answer.position, _) = try await connections.position(told, at: token, of: connection)
        if answer.isSettled {
            settled.keep(
                Settled(position: answer.position, content: request.content, counts: answer.counts), for: connection)
        }
        return answer
    }
}
