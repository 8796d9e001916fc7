package import MatrixCore
import Storage

/// Events of other servers. Their forms, hashes and signatures were checked before; what the rest of the checks makes of
/// them is written here.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
extension WorkingBatch {
    mutating func receive(_ event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        let receipt = try receipt()
        let place: EventReceipt.Place = options.beginsAnew ? .beginning : .present
        switch try await receipt.judge(event, at: place, given: options.givenState, in: &self) {
        case .known(let earlier): return .unchanged([earlier])
        case .missing(let missing): return RoomWriteResult(missing)
        case .judged(let judgement):
            switch judgement.verdict {
            case .accepted:
                if try await isUselessRedaction(event) {
                    try options.refuse(Self.uselessRedaction)
                    _ = try await enter(event, judgement, flags: .softFailed, isLive: false)
                    return .softFailed(Self.uselessRedaction)
                }
                // When somebody of ours was faster, the room is already of the present.
                if options.beginsAnew, localMembers.isEmpty { setExtremities([]) }
                let accepted = try await accept(event, judgement, flags: options.flags)
                try await redactAsAsked(accepted, isShown: true)
                return .written([accepted])
            case .softFailed(let refusal):
                try options.refuse(refusal)
                let hidden = try await enter(event, judgement, flags: .softFailed, isLive: false)
                try await redactAsAsked(hidden, isShown: false)
                return .softFailed(refusal)
            case .rejected(let refusal):
                try options.refuse(refusal)
                _ = try await enter(event, judgement, flags: .rejected, isLive: false)
                return .rejected(refusal)
            }
        }
    }

    /// An event of the room's past: it gets its place in the graph, and changes nothing of the present.
    mutating func receive(history event: Event, _ options: RemoteEventOptions) async throws -> RoomWriteResult {
        switch try await receipt().judge(event, at: .past, given: options.givenState, in: &self) {
        case .known(let earlier): return .unchanged([earlier])
        case .missing(let missing): return RoomWriteResult(missing)
        case .judged(let judgement):
            if case .rejected(let refusal) = judgement.verdict {
                _ = try await enter(event, judgement, flags: .rejected, isLive: false)
                return .rejected(refusal)
            }
            let entered = try await enter(event, judgement, flags: [], isLive: false)
            if let redacted = try await redactionTarget(orWait: event) { note(redaction: redacted, by: entered.nid) }
            try await redactAsAsked(entered, isShown: false)
            return .written([entered])
        }
    }

    private static var uselessRedaction: AuthRefusal {
        AuthRefusal(rule: "redactions", reason: "the sender may not redact this event, or it is not known here")
    }

    func receipt() throws -> EventReceipt {
        EventReceipt(roomID: room.roomID, version: try roomVersion())
    }

    /// Puts an event at the end of the graph, and moves the room's state on.
    private mutating func accept(
        _ event: Event, _ judgement: Judgement<RoomEvent>, flags: EventFlags
    ) async throws -> RoomEvent {
        let receipt = try receipt()
        let left: [RoomEvent]
        do { left = try await receipt.ends(leftBy: event, cited: judgement.cited, in: self) } catch ReceiptError
            .tooManyEnds
        {
            throw RoomWriteError.tooManyForks
        }
        let entered = try await enter(event, judgement, flags: flags, isLive: true)
        setExtremities(left + [entered])
        try await move(to: try await receipt.state(after: extremities, in: &self))
        return entered
    }

    private mutating func enter(
        _ event: Event, _ judgement: Judgement<RoomEvent>, flags: EventFlags, isLive: Bool
    ) async throws -> RoomEvent {
        let cited = judgement.cited
        // An outlier's own place is not known: history goes on there all the same.
        let unplaced = event.prevEvents.filter { cited[$0].map { $0.stored.stateBefore == nil } ?? true }
        let flags = isLive && !unplaced.isEmpty ? flags.union(.followsGap) : flags
        let entered = try await enter(
            Entry(
                event: event, earlier: cited[event.eventID]?.nid,
                authEvents: event.authEvents.compactMap { cited[$0]?.nid },
                previous: event.prevEvents.compactMap { cited[$0]?.nid }, flags: flags,
                stateBefore: judgement.before.root, isLive: isLive))
        note(missing: unplaced.map { ($0, entered.nid) })
        return entered
    }
}

/// The room with the events of the batch, for the checks on receipt.
extension WorkingBatch: RoomGraph {
    var ends: [RoomEvent] { extremities }
    var source: BatchEvents { BatchEvents(batch: self) }

    func known(_ ids: [EventID]) async throws -> [EventID: RoomEvent] {
        var found = try await reader.events.events(Array(Set(ids)), in: room)
        for event in madeEvents where ids.contains(event.eventID) { found[event.eventID] = event }
        return found
    }

    func newPackNumber() async throws -> PackNID { try await services.numbers.pack() }
}

extension RoomEvent: GraphEvent {
    package var number: EventNID { nid }
    package var stateKeyNumber: StateKeyNID? { stored.stateKeyNID }
    package var stateBefore: StateRoot? { stored.stateBefore }
    package var isRejected: Bool { stored.flags.contains(.rejected) }
    package var isSoftFailed: Bool { stored.flags.contains(.softFailed) }
}

extension RoomWriteResult {
    fileprivate init(_ missing: MissingCitations) {
        self = .missing(predecessors: missing.predecessors, authEvents: missing.authEvents)
    }
}

extension RemoteEventOptions {
    /// What is known of an event by the way it came.
    fileprivate var flags: EventFlags { isRelayed ? .relayed : beginsAnew ? .handedOn : [] }

    fileprivate var givenState: EventReceipt.GivenState? {
        stateBefore.map { EventReceipt.GivenState(root: $0, packs: packs) }
    }

    /// Whoever asks us to hand an event on is told no, and nothing is kept of it.
    fileprivate func refuse(_ refusal: AuthRefusal) throws(MatrixError) {
        if isRelayed { throw MatrixError(.forbidden, refusal.reason) }
    }
}
