import MatrixCore
import Storage
import Synchronization
import Telemetry

/// The work on one server.
extension SenderSlot {
    /// The slot has another holder by now: nothing may be written any more.
    private struct SlotLost: Error {}

    /// Works on a server until there is nothing to do for it, or it cannot be reached.
    func work(on server: ServerName) async {
        while !Task.isCancelled, let step = next(for: server) {
            do {
                try await perform(step, for: server)
            } catch let failure as TransmissionFailure {
                await note(failure.cause, of: server)
                return
            } catch is SlotLost {
                return
            } catch {
                guard !Task.isCancelled else { return }
                // The server is not to blame.
                log.warning("sending is held up", [.destination: "\(server)", .cause: "\(error)"])
                try? await telemetry.clock.sleep(for: Self.pauseAfterFailure)
            }
        }
    }

    /// What is to be done next for a server; `nil` when it is nothing, and then the outbox is gone.
    private func next(for server: ServerName) -> Outbox.Step? {
        state.withLock { state in
            if let step = state.outboxes[server]?.next() { return step }
            // One that missed nothing need not be reached to be up to date.
            if remove(server, in: &state)?.trouble != nil { ground.metrics.failing.add(-1) }
            return nil
        }
    }

    private func remove(_ server: ServerName, in state: inout State) -> Outbox? {
        guard let outbox = state.outboxes.removeValue(forKey: server) else { return nil }
        state.queued -= outbox.weight
        return outbox
    }

    private func change(_ server: ServerName, _ change: (inout Outbox) -> [Outbox.Place]) {
        state.withLock { state in
            guard var outbox = state.outboxes.removeValue(forKey: server) else { return }
            let before = outbox.weight
            end(change(&outbox), in: &state)
            state.queued += outbox.weight - before
            state.outboxes[server] = outbox
        }
    }

    private func perform(_ step: Outbox.Step, for server: ServerName) async throws {
        switch step {
        case .send(let batch):
            try await transmit(batch, to: server)
            change(server) { $0.settle() }
            saveProgress()
        case .record:
            let behind = state.withLock { $0.outboxes[server]?.delivered(of: $0.progress.read) }
            guard let behind else { return }
            log.debug("a server is too slow; it will get the rest later", [.destination: "\(server)"])
            try await keep(DestinationRecord(serverName: server, behindSince: behind, trouble: nil))
            change(server) { $0.beginCatchingUp() }
            saveProgress()
        case .catchUp: try await catchUp(server)
        case .forget:
            guard try await store.remove(server, for: fence) else { throw SlotLost() }
            change(server) { outbox in
                outbox.forgetRecord()
                return []
            }
        }
    }

    private func keep(_ record: DestinationRecord) async throws {
        guard try await store.keep(record, for: fence) else { throw SlotLost() }
    }

    private func transmit(_ batch: Outbox.Batch, to server: ServerName) async throws {
        let trouble = state.withLock { $0.outboxes[server]?.trouble }
        try await ground.transmitter.send(batch, to: server, in: trouble == nil ? .healthy : .doubtful)
        try await ground.note(delivered: batch.durable, to: server)
        guard let trouble else { return }
        change(server) { outbox in
            outbox.trouble = nil
            return []
        }
        ground.metrics.failing.add(-1)
        let milliseconds = max(telemetry.clock.nowMilliseconds - trouble.failingSince, 0)
        log.info(
            "a server can be reached again",
            [.destination: "\(server)", .failingFor: "\(milliseconds / 1000) s"])
    }

    // MARK: Failure

    /// After a failure: writes down since when the server is behind, and lets go of what waits for it.
    private func note(_ error: any Error, of server: ServerName) async {
        let now = telemetry.clock.nowMilliseconds
        let earlier = state.withLock { $0.outboxes[server]?.trouble }
        let trouble = SendingBackoff.after(error, earlier: earlier, now: now, random: telemetry.random)
        report(trouble, of: server, error, isFirst: earlier == nil, now: now)
        while !Task.isCancelled {
            let behind = state.withLock { $0.outboxes[server]?.delivered(of: $0.progress.read) }
            guard let behind else { return }
            do {
                try await keep(DestinationRecord(serverName: server, behindSince: behind, trouble: trouble))
                break
            } catch is SlotLost {
                return
            } catch {
                log.warning("sending is held up", [.destination: "\(server)", .cause: "\(error)"])
                try? await telemetry.clock.sleep(for: Self.pauseAfterFailure)
            }
        }
        guard !Task.isCancelled else { return }
        state.withLock { state in
            // What came while it was written is after what it says.
            guard var outbox = remove(server, in: &state) else { return }
            end(outbox.beginCatchingUp(), in: &state)
            // Counted already when it had failed before.
            if outbox.trouble != nil { ground.metrics.failing.add(-1) }
            fail(server, trouble, in: &state)
        }
        saveProgress()
    }

    /// One line when it begins, and then ever more rarely.
    private func report(
        _ trouble: DestinationTrouble, of server: ServerName, _ error: any Error, isFirst: Bool, now: Int64
    ) {
        let fields: [LogKey: String] = [
            .destination: "\(server)", .cause: "\(error)", .retryIn: "\(max(trouble.retryAt - now, 0) / 1000) s",
            .failingFor: "\(max(now - trouble.failingSince, 0) / 1000) s",
        ]
        if isFirst || trouble.retryInterval >= 60_000 {
            log.info("a server cannot be reached; it is tried again later", fields)
        } else {
            log.debug("a server still cannot be reached", fields)
        }
    }

    // MARK: Catching up

    /// Sends a server what it missed, up to what has been taken up when this begins.
    private func catchUp(_ server: ServerName) async throws {
        let upTo = state.withLock { state in
            let before = state.outboxes[server]?.weight ?? 0
            state.outboxes[server]?.beginRound()
            state.queued -= before
            return state.progress.read
        }
        var behind = try await store.record(of: server)?.behindSince ?? upTo
        // A cursor that was saved late begins before the record: what is between was sent.
        if behind.shardCount != upTo.shardCount { behind = upTo }
        let target = behind.merged(with: upTo)
        note(behind, of: server)
        // Keys come before what they open.
        try await sendMissedMessages(to: server, since: behind, upTo: target)
        let missed = MissedEvents(server: server, since: behind, upTo: target, ground)
        try await missed.forEachPage { page in
            if !page.events.isEmpty {
                try await self.transmit(Outbox.Batch(events: page.events), to: server)
            }
            guard let shard = page.finished else { return }
            behind.advance(shard, to: target)
            self.note(behind, of: server)
        }
        note(target, of: server)
        // After the events for which they are given. What came meanwhile is newer.
        let receipts = try await missed.receipts()
        let isThere = state.withLock { state in
            for receipt in receipts { state.outboxes[server]?.messages.addMissed(receipt) }
            guard state.outboxes[server]?.hasOverflowed == false else { return false }
            state.outboxes[server]?.goLive()
            return true
        }
        // More came meanwhile than finds place: one more round, over less.
        if !isThere {
            let trouble = state.withLock { $0.outboxes[server]?.trouble }
            try await keep(DestinationRecord(serverName: server, behindSince: target, trouble: trouble))
        }
    }

    private func sendMissedMessages(to server: ServerName, since: LogVector, upTo: LogVector) async throws {
        for (index, source) in ground.durable.enumerated() {
            var last: Int64 = 0
            while true {
                let page = try await source.missed(by: server, since: since, upTo: upTo, after: last)
                guard let newest = page.last else { break }
                last = newest.number
                var rest = page[...]
                while !rest.isEmpty {
                    let some = rest.prefix(TransactionLimits.messages)
                    rest = rest.dropFirst(some.count)
                    let batch = Outbox.Batch(durable: some.map { OutgoingMessage(message: $0, source: index) })
                    try await transmit(batch, to: server)
                }
            }
        }
    }

    private func note(_ vector: LogVector, of server: ServerName) {
        state.withLock { $0.outboxes[server]?.note(caughtUp: vector) }
    }
}

extension LogVector {
    /// Takes over the position of one shard.
    fileprivate mutating func advance(_ shard: Int16, to other: LogVector) { self[shard] = other[shard] }
}
