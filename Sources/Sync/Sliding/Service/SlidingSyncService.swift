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
    /// What is remembered of the last answers of connections, in rooms of a list of some 16 bytes.
    private static let maxSettled = 4_000_000
    /// What an answer costs besides, in rooms.
    private static let settledOverhead = 60

    /// A position at which a request of this content was told all that there was.
    private struct Settled: Sendable {
        let position: String
        let content: SlidingRequest.Content
        let quiet: Quiet
    }

    /// What goes on as long as nothing happens.
    private struct Quiet: Sendable {
        /// How many rooms the lists have.
        let counts: [String: Int]
        /// `nil` when there was something that could not be told.
        let lists: ListMemory?
    }

    private let feed: LogFeed
    private let watches: UserWatches
    private let timeouts: Timeouts
    private let interning: Interning
    private let connections: SlidingConnections
    private let builder: SlidingBuilder
    private let clock: any Clock
    private let settled = GenerationalCache<SlidingConnection, Settled>(maxWeight: maxSettled) {
        settledOverhead + ($0.quiet.lists?.weight ?? 0)
    }

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
            activities: setup.memory.activities, facts: RoomFactsReader(),
            standings: StandingReader(stripped: StrippedRoomReader(rooms: setup.rooms)),
            invites: setup.rooms.invitePermissions,
            examined: setup.telemetry.metrics.counter(
                "apus_sliding_rooms_examined_total", help: "Rooms that answers of sliding sync looked at"))
        builder = SlidingBuilder(setup, lists: lists, threads: threads)
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
        var quiet = quiet(of: request, connection)
        while true {
            let view =
                if let since {
                    try await watches.view(of: user, atLeast: since.log)
                } else {
                    try await watches.view(of: user)
                }
            let next = SyncToken(log: view.heads, ephemeral: max(view.ephemeral, since?.ephemeral ?? 0))
            let isNews = since.map { view.mayHaveChanged(since: $0.log, ephemeral: $0.ephemeral) } ?? true
            let inbox = try await builder.endToEnd.toDevice(
                request.content.extensions.toDevice, of: request.deviceID, view)
            if quiet == nil || isNews || inbox?.events.isEmpty == false {
                var built = try await builder.build(
                    request, view, since: since, next: next, told: told, from: quiet?.lists)
                built.answer.extensions.toDevice = inbox
                let reached = Quiet(counts: built.answer.counts, lists: built.lists)
                if answersAtOnce || !built.answer.isEmpty {
                    return try await settle(built.answer, reached, request, view, at: next, built.told, connection)
                }
                // It was nothing for this client: go on from there.
                (since, told, quiet) = (next, built.told, reached)
            }
            func nothing() async throws -> SlidingAnswer {
                let now = quiet ?? Quiet(counts: [:], lists: nil)
                var answer = SlidingAnswer(dialect: request.dialect, counts: now.counts)
                answer.extensions.toDevice = inbox
                return try await settle(answer, now, request, view, at: next, told, connection)
            }
            if answersAtOnce { return try await nothing() }
            let reason = await watches.wait(
                for: user, after: next.log, ephemeral: next.ephemeral, limit: deadline - clock.monotonic)
            switch reason {
            case .news: continue
            case .cancelled: throw CancellationError()
            case .deadline, .draining: return try await nothing()
            }
        }
    }

    // MARK: Places

    /// Catches up with the worker that gave a position out.
    private func reach(_ vector: LogVector) async throws {
        guard await feed.reach(vector, timeouts: timeouts) else {
            try Task.checkCancellation()
            throw SlidingConnections.unknownPosition
        }
    }

    // MARK: Answers

    /// What was at the position that the client comes with, when it asks for the same again.
    private func quiet(of request: SlidingRequest, _ connection: SlidingConnection) -> Quiet? {
        guard let last = settled[connection], last.position == request.position, last.content == request.content else {
            return nil
        }
        return last.quiet
    }

    private func settle(
        _ answer: SlidingAnswer, _ quiet: Quiet, _ request: SlidingRequest, _ view: UserView, at token: SyncToken,
        _ told: ConnectionState, _ connection: SlidingConnection
    ) async throws -> SlidingAnswer {
        var answer = answer
        if answer.extensions.endToEnd == nil, request.content.extensions.endToEnd {
            answer.extensions.endToEnd = try await builder.endToEnd.quiet(of: request.deviceID, view)
        }
        (answer.position, _) = try await connections.position(told, at: token, of: connection)
        if answer.isSettled {
            settled.keep(
                Settled(position: answer.position, content: request.content, quiet: quiet), for: connection)
        }
        return answer
    }
}
