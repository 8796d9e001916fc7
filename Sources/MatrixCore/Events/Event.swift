import Synchronization

/// A room event, checked for its form and never changed.
///
/// It holds its canonical JSON without `unsigned`: the bytes that are stored and sent to other servers. Whether its
/// signatures are good and whether it is authorised is not part of it.
package final class Event: Sendable {
    package let eventID: EventID
    package let roomID: RoomID
    package let version: RoomVersion
    package let type: String
    /// Present in state events, empty or not.
    package let stateKey: String?
    package let sender: UserID
    /// Milliseconds since 1970, as the sender's server claims. May be anything that fits the room version's integers.
    package let originServerTS: Int64
    /// 0 to the room version's highest depth. The sender's server claims it.
    package let depth: Int64
    package let prevEvents: [EventID]
    package let authEvents: [EventID]
    /// Whether the event names a previous or auth event more than once. In ``prevEvents`` and ``authEvents`` each is once.
    let repeatsPrevEvents: Bool
    let repeatsAuthEvents: Bool
    /// The event that an `m.room.redaction` redacts, wherever the room version puts that.
    package let redacts: EventID?
    private let document: JSONDocument
    /// Written when a client is first told of the event.
    let clientForm = AtomicLazyReference<ClientForm>()

    init(eventID: EventID, roomID: RoomID, fields: EventFields, document: JSONDocument, version: RoomVersion) {
        self.eventID = eventID
        self.roomID = roomID
        self.version = version
        self.document = document
        type = fields.type
        stateKey = fields.stateKey
        sender = fields.sender
        originServerTS = fields.originServerTS
        depth = fields.depth
        prevEvents = fields.prevEvents.ids
        authEvents = fields.authEvents.ids
        repeatsPrevEvents = fields.prevEvents.repeats
        repeatsAuthEvents = fields.authEvents.repeats
        redacts = fields.redacts
    }

    /// The whole event.
    package var json: JSONView { document.root }

    /// The event in canonical JSON, as it is stored and sent to other servers.
    package var bytes: [UInt8] { document.bytes }

    /// Always an object.
    package var content: JSONView { document["content"] ?? document.root }

    package var isState: Bool { stateKey != nil }

    /// Whether its type or state key is longer than the specification allows, in versions that keep such events.
    var hasLongKey: Bool {
        type.utf8.count > EventLimits.keyBytes || (stateKey?.utf8.count ?? 0) > EventLimits.keyBytes
    }

    /// The place of the state that the event takes; `nil` for events that are no state.
    package var fullStateKey: StateKey? { stateKey.map { StateKey(type, $0) } }

    /// What a member event says about its user; `nil` for other events and for unknown memberships.
    package var membership: Membership? {
        type == EventType.member && isState ? Membership(content: content) : nil
    }

    /// The user that a member event is about.
    package var memberUserID: UserID? {
        type == EventType.member ? stateKey.flatMap(UserID.init) : nil
    }

    /// The event without what its room version's redaction takes away. It keeps its id.
    package func redacted() throws(PDUError) -> Event {
        let bytes = EventRedaction(version: version).redact(json)
        return try Event(stored: bytes, eventID: eventID, version: version)
    }

    /// The depth of an event that follows others: one more than the deepest of them, or the limit.
    package static func depth(following depths: some Sequence<Int64>, in version: RoomVersion) -> Int64 {
        guard let deepest = depths.max() else { return 1 }
        return deepest >= version.maximumDepth ? version.maximumDepth : max(deepest, 0) + 1
    }
}

extension Event: Hashable {
    package static func == (left: Event, right: Event) -> Bool {
        left === right || (left.eventID == right.eventID && left.roomID == right.roomID)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(eventID)
    }
}

extension Event: CustomStringConvertible {
    package var description: String { "\(eventID) (\(type))" }
}
