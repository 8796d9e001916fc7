import MatrixCore
import Rooms
import Storage

/// Which events this server has to send, and who may get them.
struct OutgoingEvents: Sendable {
    /// Members of a server that are asked about when it is not clear that it was in the room at an event.
    private static let maxWitnesses = 20

    private let rooms: RoomService
    private let store: DestinationStore

    init(rooms: RoomService, store: DestinationStore) {
        self.rooms = rooms
        self.store = store
    }

    private var own: ServerName { rooms.server.name }

    /// Some events of a room, those that there are, by number.
    func load(_ nids: [EventNID], in room: RoomRecord) async throws -> [EventNID: RoomEvent] {
        try await rooms.reader.events.events(nids, in: room)
    }

    func room(_ nid: RoomNID) async throws -> RoomRecord? { try await rooms.reader.store.rooms([nid])[nid] }

    /// Whether we have to send the event: it is of a local user, or we are the server by which it came into the room. Our join of a room in
    /// which we were not is sent by the server that let us in.
    func isOurs(_ event: RoomEvent) -> Bool {
        let flags = event.stored.flags
        guard flags.isShown, !flags.contains(.handedOn) else { return false }
        return event.event.sender.serverName == own || flags.contains(.relayed)
    }

    /// The event as it is sent: as it was signed, or what is left of it after its redaction.
    func outgoing(_ event: RoomEvent) throws -> OutgoingEvent {
        let bytes = event.stored.redactedBy == nil ? event.stored.body : try event.event.redacted().bytes
        return OutgoingEvent(eventID: event.eventID, bytes: bytes)
    }

    /// Events of ours that are still sticky and came after one position of the room's shard, up to another.
    func sticky(in room: RoomRecord, since: Int64, upTo: Int64) async throws -> [OutgoingEvent] {
        let question = StickyEvents.Question(room: room, since: since, head: upTo)
        return try await (rooms.sticky.events([question])[room.nid] ?? []).filter(isOurs).map(outgoing)
    }

    /// The server of a user who is put out of the room by the event, or whose invitation is taken back: it has to be told,
    /// though it may not be in the room any more. An invitation is told to a server in another way.
    func evicted(by event: RoomEvent) -> ServerName? {
        guard let membership = event.event.membership, membership == .leave || membership == .ban,
            let server = event.event.memberUserID?.serverName, server != own, server != event.event.sender.serverName
        else { return nil }
        return server
    }

    /// Whether a server that is in the room now was in it at an event, so that it may be sent the event.
    ///
    /// Cost: nothing when one of its members has been there since; else a few look-ups in the state at the event.
    func mayGet(_ event: RoomEvent, _ server: JoinedServer, in room: RoomRecord) async throws -> Bool {
        guard server.since > event.stored.position else { return true }
        guard let root = event.stored.stateBefore else { return false }
        let state = rooms.reader.snapshot(of: room, at: root)
        let members = try await store.earliestMembers(of: room.nid, on: server.nid, limit: Self.maxWitnesses)
        for member in members where try await state.membership(of: member) == .join { return true }
        return false
    }
}
