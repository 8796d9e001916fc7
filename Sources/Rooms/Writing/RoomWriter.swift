import Cluster
import DequeModule
import MatrixCore
import Storage
import Telemetry

/// Writes the events of one room for one worker: what arrives while a batch is being written goes out as the next one, so a
/// hot room gets cheaper by the event.
///
/// Everything is computed here, against the head as this worker knows it, and written by one compare-and-append. When
/// another worker was faster the batch is computed again on the new head; no lock is held that a dead worker could keep.
actor RoomWriter {
    /// Writes waiting for a room, at most; more are refused.
    static let maxQueued = 2_000
    /// Writes that go out in one append.
    static let maxBatch = 32
    /// Lost races after which a write gives up. Each lost race is a batch that another worker has written.
    static let maxAttempts = 40

    private let room: RoomRecord
    private let services: RoomWriting
    private var queue: Deque<PendingWrite> = []
    private var isRunning = false
    /// The head that the next batch builds on, as far as this worker knows.
    private var base: BatchGround?

    init(room: RoomRecord, services: RoomWriting) {
        self.room = room
        self.services = services
    }

    /// Writes what is asked for, all of it or nothing, and returns once it is committed.
    ///
    /// - Throws: `MatrixError`: 403 `M_FORBIDDEN` when the authorisation rules refuse a local event, 429 when the room has
    ///   more waiting than it can take.
    func write(_ request: RoomWrite) async throws -> RoomWriteResult {
        guard queue.count < Self.maxQueued else { throw Self.isFull }
        return try await withCheckedThrowingContinuation { continuation in
            queue.append(PendingWrite(request) { continuation.resume(with: $0) })
            start()
        }
    }

    /// Writes several things one after the other, each by itself, and returns once all of them are answered.
    func write(each requests: [RoomWrite]) async -> [Result<RoomWriteResult, any Error>] {
        if requests.isEmpty { return [] }
        guard queue.count + requests.count <= Self.maxQueued else { return requests.map { _ in .failure(Self.isFull) } }
        return await withCheckedContinuation { continuation in
            let answers = JointAnswers(count: requests.count, continuation)
            for (index, request) in requests.enumerated() {
                queue.append(PendingWrite(request) { answers.set($0, at: index) })
            }
            start()
        }
    }

    private static var isFull: MatrixError {
        MatrixError(.limitExceeded, "too much is being sent to this room", retryAfter: .seconds(1))
    }

    private func start() {
        guard !isRunning else { return }
        isRunning = true
        // The queue outlives the request that happened to start it.
        Task { await self.drain() }
    }

    private func drain() async {
        while !queue.isEmpty {
            let count = min(queue.count, Self.maxBatch)
            let batch = Array(queue.prefix(count))
            queue.removeFirst(count)
            await commit(batch)
        }
        isRunning = false
    }

    private func commit(_ batch: [PendingWrite]) async {
        var open = batch
        for attempt in 0..<Self.maxAttempts where !open.isEmpty {
            do {
                if attempt > 2 { try await services.pause(afterLostRaces: attempt) }
                try await attemptCommit(open)
            } catch {
                base = nil
                switch WriteFailure(error) {
                case .duplicate: await settle(open, services.earlier)
                case .unknown: await settle(open, services.committed)
                case .undone: break
                case .final: for pending in open { pending.answer(.failure(error)) }
                }
            }
            open.removeAll { $0.isAnswered }
        }
        for pending in open {
            pending.answer(.failure(MatrixError(.limitExceeded, "the room is too busy", retryAfter: .seconds(1))))
        }
    }

    /// Builds all that is asked for on the head that we know, and appends it. Whatever is not answered afterwards has to be
    /// tried again.
    private func attemptCommit(_ batch: [PendingWrite]) async throws {
        // What this worker remembers of the head may be old. That does no harm to what is appended, which the database
        // compares; but who is told no, or that nothing has to be written, is told so by the head as it is.
        let isRemembered = self.base != nil
        let base: BatchGround
        if let known = self.base { base = known } else { base = try await BatchGround.load(room, services) }
        self.base = base
        defer { if isRemembered, batch.contains(where: { !$0.isAnswered }) { self.base = nil } }
        var working = WorkingBatch(base: base, room: room, services: services)
        try await working.fold()
        try await working.loadWaitingRedactions(of: batch.compactMap(\.request.remoteEvent))
        var built: [PendingWrite] = []
        for pending in batch {
            // A refused write leaves nothing behind: it was tried on a copy.
            var trial = working
            do {
                let result = try await trial.add(pending.request)
                working = trial
                pending.lastBuilt = result
                // What another write of the batch has just made is not there before the batch is.
                if result.needsCommit || working.makes(result) {
                    built.append(pending)
                } else if !isRemembered {
                    pending.answer(.success(result))
                }
            } catch {
                if case .final = WriteFailure(error), !isRemembered { pending.answer(.failure(error)) }
            }
        }
        if built.isEmpty { return }
        let now = services.now
        switch try await services.reader.store.append(working.final, now: now) {
        case .conflict:
            self.base = nil
        case .written(let position, let previous):
            let written = working.written(at: position, time: now)
            keep(working, written)
            self.base = written.base
            services.feed.announce(written.row, previous: previous)
            await settle(after: working.append.memberships)
            await forgetWaitingRedactions(of: working)
            for pending in built {
                if let result = pending.lastBuilt { pending.answer(.success(result.placed(by: written.events))) }
            }
        }
    }

    /// What else follows when somebody comes or goes: whoever left may have forgotten the room with that, and what was
    /// refused because of where its sender stood may be right now.
    private func settle(after changes: [MembershipChange]) async {
        guard !changes.isEmpty else { return }
        if services.forgetsOnLeave { await services.forget(room, after: changes) }
        do {
            let hidden = try await services.sticky.hidden(
                of: changes.map(\.userNID), in: room.nid, now: services.now)
            for event in hidden where queue.count < Self.maxQueued {
                queue.append(PendingWrite(.reconsidered(event)) { _ in })
            }
        } catch {
            services.telemetry.log.warning(
                "soft-failed events were not looked at again", [.roomID: "\(room.roomID)", .cause: "\(error)"])
        }
    }

    /// What redactions waited for is there.
    private func forgetWaitingRedactions(of working: WorkingBatch) async {
        let met = working.waitingRedactions.keys.filter { working.madeEvent($0) != nil }
        do { try await services.reader.eventStore.drop(waitingFor: Array(met), in: room.nid) } catch {
            // They do no harm where they are.
            services.telemetry.log.debug(
                "redactions still wait", [.roomID: "\(room.roomID)", .cause: "\(error)"])
        }
    }

    private func keep(_ working: WorkingBatch, _ written: WrittenBatch) {
        for event in written.events.values { services.reader.events.keep(event) }
        for redaction in working.append.redactions {
            services.reader.events.forget(redaction.eventID, in: room.nid)
        }
    }

    /// Answers those for whom it turns out that their write is there already; the others stay open.
    private func settle(
        _ open: [PendingWrite], _ find: (RoomWrite, RoomWriteResult?, RoomRecord) async throws -> RoomWriteResult?
    ) async {
        for pending in open where !pending.isAnswered {
            do {
                if let found = try await find(pending.request, pending.lastBuilt, room) {
                    pending.answer(.success(found))
                }
            } catch {
                pending.answer(.failure(error))
            }
        }
    }
}

extension WorkingBatch {
    /// Whether a result tells of events that the batch itself makes.
    fileprivate func makes(_ result: RoomWriteResult) -> Bool {
        guard case .unchanged(let events) = result else { return false }
        let made = Set(madeEvents.map(\.nid))
        return events.contains { made.contains($0.nid) }
    }
}
