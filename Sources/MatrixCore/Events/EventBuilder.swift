/// Makes events: fills in hashes, signs, and gives the result the same checks that events of others get.
package struct EventBuilder: Sendable {
    package let version: RoomVersion
    /// `nil` for the create event of a room that is named by it.
    package var roomID: RoomID?
    package var type: String
    package var stateKey: String?
    package var sender: UserID
    /// Canonical JSON of the content.
    private let content: [UInt8]
    /// The event that this one redacts; put where the room version has it (in versions that have it in the content, give
    /// it there).
    package var redacts: EventID?
    package var originServerTS: Int64 = 0
    /// For how long the event is sticky (MSC4354).
    package var stickyMilliseconds: Int64?
    package var depth: Int64 = 1
    package var prevEvents: [EventID] = []
    package var authEvents: [EventID] = []
    /// v1-v2: the reference hashes that stand beside the ids of previous and auth events. Without one there stands an empty
    /// object, which other servers take too.
    package private(set) var referenceHashes: [EventID: String] = [:]
    /// The id, in versions that let servers choose one; made when the event is signed unless it is given.
    package var chosenEventID: EventID?

    /// - Throws: `PDUError.notCanonical` when the content has numbers that the room version refuses.
    package init(
        version: RoomVersion, roomID: RoomID?, type: String, stateKey: String? = nil, sender: UserID, content: JSONView
    ) throws(PDUError) {
        guard content.isObject else { throw .malformed(.content) }
        do { self.content = try CanonicalJSON.encode(content, strict: version.enforcesCanonicalJSON) } catch {
            throw .notCanonical(error)
        }
        self.version = version
        self.roomID = roomID
        self.type = type
        self.stateKey = stateKey
        self.sender = sender
    }

    /// The same with content that this server makes up.
    package init(
        version: RoomVersion, roomID: RoomID?, type: String, stateKey: String? = nil, sender: UserID, content: JSONValue
    ) throws(PDUError) {
        let document: JSONDocument
        do { document = try JSONDocument(parsing: content.canonicalBytes) } catch { throw .notCanonical(error) }
        try self.init(
            version: version, roomID: roomID, type: type, stateKey: stateKey, sender: sender, content: document.root)
    }

    /// Remembers the hashes of events that are, or may be, previous or auth events; nothing in versions without.
    package mutating func addHashes(of references: some Sequence<EventReference>) {
        for reference in references where reference.hash != nil { referenceHashes[reference.eventID] = reference.hash }
    }

    /// The same of events that are here.
    package mutating func addHashes(of events: some Sequence<Event>) {
        guard version.eventIDFormat == .chosen else { return }
        addHashes(of: events.map { EventReference($0) })
    }

    /// The content, for selecting auth events.
    package func contentDocument() throws(PDUError) -> JSONDocument {
        do { return try JSONDocument(parsing: content) } catch { throw .notCanonical(error) }
    }

    /// The event with its hashes and the signature of a server.
    ///
    /// - Throws: what reading the event from another server would throw, such as ``PDUError/tooLarge(byteCount:)``.
    /// - Cost: about 25 us, most of it the signature.
    package func signed(by server: ServerName, with key: SigningKey) throws(PDUError) -> Event {
        if version.eventIDFormat == .chosen, chosenEventID == nil {
            // Any id will do that no other event has: what it would have in later versions has none.
            var named = self
            named.chosenEventID = EventID(
                "$\(Base64.encodeURLSafe(SHA256.hash(write(hash: nil, signatures: nil)))):\(server)")
            guard named.chosenEventID != nil else { throw .tooLong(.eventID) }
            return try named.signed(by: server, with: key)
        }
        let hash = Base64.encode(SHA256.hash(write(hash: nil, signatures: nil)))
        let unsigned: JSONDocument
        do { unsigned = try JSONDocument(parsing: write(hash: hash, signatures: nil)) } catch {
            throw .notCanonical(error)
        }
        let message = EventHashes.referenceBytes(of: unsigned.root, version: version)
        let signature = Base64.encode(key.privateKey.sign(message))
        let signatures: JSONValue = [server.description: [key.id.description: .string(signature)]]
        let bytes = write(hash: hash, signatures: signatures)
        guard bytes.count <= EventLimits.eventBytes else { throw .tooLarge(byteCount: bytes.count) }
        return try Event(stored: bytes, eventID: nil, version: version)
    }

    /// The event without hashes and signatures, for another server to complete (`make_join` and its like).
    package func template() -> [UInt8] {
        write(hash: nil, signatures: nil)
    }

    /// Canonical JSON: members in the order of their names.
    private func write(hash: String?, signatures: JSONValue?) -> [UInt8] {
        JSONWriter.write(reservingCapacity: content.count + 900) {
            $0.object {
                $0.key("auth_events")
                write(authEvents, to: &$0)
                $0.field("content", raw: content)
                $0.field("depth", depth)
                if version.eventIDFormat == .chosen { $0.field(optional: "event_id", chosenEventID) }
                if let hash {
                    $0.key("hashes")
                    $0.object { $0.field("sha256", hash) }
                }
                if let stickyMilliseconds {
                    $0.key(StickyEvent.key)
                    $0.object { $0.field(StickyEvent.durationKey, stickyMilliseconds) }
                }
                $0.field("origin_server_ts", originServerTS)
                $0.key("prev_events")
                write(prevEvents, to: &$0)
                if !version.hasRedactsInContent { $0.field(optional: "redacts", redacts) }
                $0.field(optional: "room_id", roomID)
                $0.field("sender", sender)
                $0.field(optional: "signatures", signatures)
                $0.field(optional: "state_key", stateKey)
                $0.field("type", type)
            }
        }
    }

    private func write(_ references: [EventID], to writer: inout JSONWriter) {
        writer.array {
            for reference in references {
                guard version.eventIDFormat == .chosen else {
                    $0.string(reference.description)
                    continue
                }
                $0.array {
                    $0.string(reference.description)
                    $0.object { $0.field(optional: "sha256", referenceHashes[reference]) }
                }
            }
        }
    }
}
