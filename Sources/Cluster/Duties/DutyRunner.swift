import Logging
package import Storage
import Synchronization
package import Telemetry

/// Holds this worker's share of the slots of one duty, and runs the duty on each.
package final class DutyRunner: Sendable {
    /// How long a slot is held without a renewal: after it a dead worker's slots are free.
    package static let timeToLive = Duration.seconds(5)
    package static let renewInterval = Duration.milliseconds(1500)
    /// How often cursors are saved.
    package static let saveInterval = Duration.seconds(5)
    /// A slot is given up this long before others may take it: timers are late.
    private static let safetyMargin = Duration.milliseconds(500)
    /// Before a duty that ended by itself is run again.
    private static let pauseAfterFailure = Duration.seconds(1)

    private struct Holding {
        let lease: DutyLease
        /// Ends the lease when nobody renews it.
        var expiry: Timeouts.Ticket
    }

    private struct State {
        var held: [Int32: Holding] = [:]
        var isStopping = false
        var sleeper: Waiter<Void>?
    }

    private let duty: any Duty
    private let leases: LeaseStore
    private let timeouts: Timeouts
    private let telemetry: Telemetry
    private let log: Log
    /// Names this process: a restarted worker of the same name must not go on with leases of which it knows nothing.
    private let holder: String
    private let state = Mutex(State())

    package init(duty: any Duty, worker: String, leases: LeaseStore, timeouts: Timeouts, telemetry: Telemetry) {
        self.duty = duty
        self.leases = leases
        self.timeouts = timeouts
        self.telemetry = telemetry
        log = telemetry.log.labelled("duties").with(.duty, duty.name)
        holder = "\(worker)/\(telemetry.random.token(length: 12))"
    }

    /// The slots that are held now.
    package var slots: [Int] { state.withLock { $0.held.values.map(\.lease.slot).sorted() } }

    /// Ends the work, saves the cursors and gives the slots back; `run` returns when that is done.
    package func stop() {
        let sleeper = state.withLock { state in
            state.isStopping = true
            return state.sleeper
        }
        sleeper?.end(())
    }

    /// Holds slots and works on them until `stop`. When the task is cancelled instead, nothing is given back, as if the
    /// worker had died: others take over when the leases run out.
    package func run() async {
        await withTaskGroup { group in
            group.addTask { await self.duty.runBeside() }
            await runSlots()
            group.cancelAll()
        }
        do {
            try await leases.leave(duty: duty.name, worker: holder)
        } catch {
            log.debug("could not leave the duty; the others will see that this worker is gone", [.cause: "\(error)"])
        }
    }

    private func runSlots() async {
        await withTaskGroup { group in
            var saved = telemetry.clock.monotonic
            var isFirst = true
            while await pause(unless: isFirst) {
                isFirst = false
                for lease in await renew() { group.addTask { await self.hold(lease) } }
                guard telemetry.clock.monotonic - saved >= Self.saveInterval else { continue }
                saved = telemetry.clock.monotonic
                await save(heldLeases.filter(\.isHeld))
            }
            for lease in heldLeases { lease.end.end(Task.isCancelled ? .lost : .givenBack) }
            await group.waitForAll()
        }
    }

    private var heldLeases: [DutyLease] { state.withLock { $0.held.values.map(\.lease) } }

    /// Waits for the next renewal. False when it is over.
    private func pause(unless isFirst: Bool) async -> Bool {
        let sleeper = Waiter<Void>()
        let goesOn = state.withLock { state in
            state.sleeper = sleeper
            return !state.isStopping
        }
        guard goesOn, !Task.isCancelled else { return false }
        if isFirst { return true }
        let delay = telemetry.random.jittered(Self.renewInterval, fraction: 0.1)
        let ticket = timeouts.add(after: delay) { sleeper.end(()) }
        await sleeper.wait(cancelled: ())
        timeouts.remove(ticket)
        return !Task.isCancelled && !state.withLock { $0.isStopping }
    }

    // MARK: Holding

    /// Renews and takes slots. Returns those on which work has to begin.
    private func renew() async -> [DutyLease] {
        let sent = telemetry.clock.monotonic
        let records: [LeaseRecord]
        do {
            let (duty, leases, holder) = (duty, leases, holder)
            records = try await telemetry.clock.withDeadline(Self.renewInterval) {
                try await leases.renew(
                    duty: duty.name, worker: holder, slots: Int32(clamping: duty.slotCount), timeToLive: Self.timeToLive
                )
            }
        } catch {
            log.warning("leases could not be renewed", [.cause: "\(error)"])
            return []
        }
        // The database counts from when it got the question, which was not before it was sent.
        let validFor = sent + Self.timeToLive - Self.safetyMargin - telemetry.clock.monotonic
        return state.withLock { keep(records, validFor: validFor, in: &$0) }
    }

    private func keep(_ records: [LeaseRecord], validFor: Duration, in state: inout State) -> [DutyLease] {
        var begun: [DutyLease] = []
        let slots = Set(records.map(\.slot))
        for (slot, holding) in state.held where !slots.contains(slot) { holding.lease.end.end(.lost) }
        for record in records {
            if let holding = state.held[record.slot] {
                if holding.lease.epoch != record.epoch {
                    holding.lease.end.end(.lost)
                } else if holding.lease.isHeld {
                    timeouts.remove(holding.expiry)
                    state.held[record.slot]?.expiry = expiry(of: holding.lease, after: validFor)
                }
                // Otherwise its work is ending; once it has, the slot may begin again.
            } else if !state.isStopping {
                let lease = DutyLease(slot: Int(record.slot), epoch: record.epoch, cursor: record.cursor)
                state.held[record.slot] = Holding(lease: lease, expiry: expiry(of: lease, after: validFor))
                begun.append(lease)
            }
        }
        giveBackBeyond(share: Int(records.first?.share ?? .max), in: state)
        return begun
    }

    private func giveBackBeyond(share: Int, in state: State) {
        let leases = state.held.values.map(\.lease).filter(\.isHeld).sorted { $0.slot < $1.slot }
        guard leases.count > share else { return }
        for lease in leases[max(share, 0)...] { lease.end.end(.givenBack) }
    }

    private func expiry(of lease: DutyLease, after validFor: Duration) -> Timeouts.Ticket {
        timeouts.add(after: validFor) { lease.end.end(.lost) }
    }

    // MARK: Working

    /// Works on a slot for as long as it is held, and then lets go of it.
    private func hold(_ lease: DutyLease) async {
        log.debug("slot taken", [.slot: "\(lease.slot)", .epoch: "\(lease.epoch)"])
        let end = await withTaskGroup(of: DutyLease.End?.self) { group in
            group.addTask {
                await self.work(on: lease)
                return nil
            }
            group.addTask { await lease.end.wait(cancelled: .lost) }
            var end: DutyLease.End?
            while end == nil, let next = await group.next() { end = next }
            group.cancelAll()
            return end ?? .lost
        }
        log.debug("slot ended", [.slot: "\(lease.slot)", .epoch: "\(lease.epoch)"])
        if end == .givenBack {
            await save([lease])
            do {
                try await leases.release(
                    duty: duty.name, slot: Int32(lease.slot), worker: holder, epoch: lease.epoch)
            } catch {
                log.debug("a slot could not be given back; it will run out", [.cause: "\(error)"])
            }
        }
        state.withLock { state in
            guard let holding = state.held.removeValue(forKey: Int32(lease.slot)) else { return }
            timeouts.remove(holding.expiry)
        }
    }

    private func work(on lease: DutyLease) async {
        while !Task.isCancelled {
            do {
                if try await saveStart(of: lease) { try await duty.run(lease) }
            } catch {
                guard !Task.isCancelled else { return }
                log.error("a duty failed; it will go on", [.slot: "\(lease.slot)", .cause: "\(error)"])
            }
            try? await telemetry.clock.sleep(for: telemetry.random.jittered(Self.pauseAfterFailure))
        }
    }

    // MARK: Cursors

    /// Saves where a slot begins that is new. False when it has another holder by now.
    private func saveStart(of lease: DutyLease) async throws -> Bool {
        guard lease.cursor == nil, let start = duty.start else { return true }
        let cursor = SlotCursor(slot: Int32(lease.slot), epoch: lease.epoch, cursor: start)
        let isHeld = try await !leases.save([cursor], duty: duty.name, worker: holder).isEmpty
        if isHeld { lease.begin(at: start) } else { lease.end.end(.lost) }
        return isHeld
    }

    /// Saves the cursors that have changed, with one question: each commit waits for the disk.
    private func save(_ leases: [DutyLease]) async {
        let unsaved = leases.sorted { $0.slot < $1.slot }.compactMap { lease in
            lease.takeUnsaved().map { (lease: lease, cursor: $0) }
        }
        guard !unsaved.isEmpty else { return }
        do {
            let saved = try await self.leases.save(
                unsaved.map { SlotCursor(slot: Int32($0.lease.slot), epoch: $0.lease.epoch, cursor: $0.cursor) },
                duty: duty.name, worker: holder)
            for (lease, _) in unsaved where !saved.contains(Int32(lease.slot)) { lease.end.end(.lost) }
        } catch {
            for (lease, _) in unsaved { lease.putBack() }
            log.warning("cursors could not be saved", [.count: "\(unsaved.count)", .cause: "\(error)"])
        }
    }
}
