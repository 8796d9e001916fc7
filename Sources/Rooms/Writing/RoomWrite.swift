package import MatrixCore
import Storage

/// Something to be written into a room, as one.
package enum RoomWrite: Sendable {
    /// Events of local users: built on the head, signed, and refused as a whole if one of them is not allowed.
    case local([EventDraft])
    /// The first events of a new room: the create event, which names it, and what follows.
    case creation(create: Event, then: [EventDraft])
    /// An event as it came from another server, or was signed by one on our behalf. Its signatures and hashes are checked.
    case remote(Event, RemoteEventOptions = RemoteEventOptions())
    /// An event that was soft-failed, and may not be any more.
    case reconsidered(EventNID)

    var remoteEvent: Event? {
        if case .remote(let event, _) = self { event } else { nil }
    }
}

/// What is known beforehand of an event that came from elsewhere.
package struct RemoteEventOptions: Sendable {
    /// The state before it as its senders tell it, when its predecessors cannot be had.
    package var stateBefore: StateRoot?
    /// Packs of that state that are not stored yet.
    package var packs: [StateUpdate.NewPack]
    /// We have to hand it on to the other servers of the room: it came to us by `send_join` and the like.
    package var isRelayed: Bool
    /// It begins our time in the room: what is here of the room is of the past, and the event is its new head.
    package var beginsAnew: Bool

    package init(
        stateBefore: StateRoot? = nil, packs: [StateUpdate.NewPack] = [], isRelayed: Bool = false,
        beginsAnew: Bool = false
    ) {
        self.stateBefore = stateBefore
        self.packs = packs
        self.isRelayed = isRelayed
        self.beginsAnew = beginsAnew
    }
}

/// What came of a write.
package enum RoomWriteResult: Sendable {
    /// Written: the events, in order.
    case written([RoomEvent])
    /// Nothing had to be written: the state is that already, or the event was written before.
    case unchanged([RoomEvent])
    /// It was sent before, under the same transaction id.
    case repeated(EventID)
    /// Kept, and shown to nobody: why it is not part of the room.
    case rejected(AuthRefusal)
    case softFailed(AuthRefusal)
    /// Events that it builds on are not here. Nothing was written.
    case missing(predecessors: [EventID], authEvents: [EventID])

    /// Whether it is part of the batch that is still to be committed.
    var needsCommit: Bool {
        switch self {
        case .written, .rejected, .softFailed: true
        case .unchanged, .repeated, .missing: false
        }
    }

    /// The same with the events as they are after the commit.
    func placed(by written: [EventNID: RoomEvent]) -> RoomWriteResult {
        guard case .written(let events) = self else { return self }
        return .written(events.map { written[$0.nid] ?? $0 })
    }

    /// The id of the last event.
    package var eventID: EventID? {
        switch self {
        case .written(let events), .unchanged(let events): events.last?.eventID
        case .repeated(let id): id
        case .rejected, .softFailed, .missing: nil
        }
    }
}
