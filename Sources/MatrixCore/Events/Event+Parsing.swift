/// An event that came from elsewhere, with what was found out about it on the way in.
package struct ReceivedEvent: Sendable {
    /// The event; redacted already when its content is not what its hash is over.
    package let event: Event
    /// Whether the content hash is right. A server that has only the redacted event sends such events in good faith.
    package let isContentIntact: Bool
}

extension Event {
    /// Reads a PDU of a room whose version is known: checks 1 and 3 of those on receipt. Signatures are the next check.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
    package static func receive(_ pdu: JSONView, in version: RoomVersion) throws(PDUError) -> ReceivedEvent {
        let document = try canonicalDocument(pdu, version: version)
        // Since version 3 an id is what the event hashes to, and no part of it.
        guard version.eventIDFormat == .chosen || document["event_id"] == nil else { throw .unexpected(.eventID) }
        let fields = try EventFields(document.root, version: version)
        let hash: [UInt8]
        do { hash = try EventHashes.content(of: document.root, version: version) } catch { throw .notCanonical(error) }
        let claimed = document["hashes"]?["sha256"]?.string.flatMap(Base64.decode)
        if claimed == hash {
            let event = try Event(document: document, fields: fields, eventID: nil, version: version)
            return ReceivedEvent(event: event, isContentIntact: true)
        }
        let redacted = EventRedaction(version: version).redact(document.root)
        let event = try Event(stored: redacted, eventID: nil, version: version)
        return ReceivedEvent(event: event, isContentIntact: false)
    }

    /// Reads an event that this server has stored or made.
    ///
    /// - Parameter eventID: its id where it is known, which saves computing it.
    package convenience init(stored bytes: [UInt8], eventID: EventID?, version: RoomVersion) throws(PDUError) {
        let document: JSONDocument
        do { document = try JSONDocument(parsing: bytes, limits: EventLimits.json) } catch {
            throw .notCanonical(error)
        }
        let fields = try EventFields(document.root, version: version)
        try self.init(document: document, fields: fields, eventID: eventID, version: version)
    }

    private convenience init(
        document: JSONDocument, fields: EventFields, eventID: EventID?, version: RoomVersion
    ) throws(PDUError) {
        let eventID =
            if let eventID { eventID } else {
                try EventHashes.eventID(of: document.root, chosen: fields.eventID, version: version)
            }
        guard let roomID = fields.roomID ?? RoomID(createEvent: eventID) else { throw .missing(.roomID) }
        self.init(eventID: eventID, roomID: roomID, fields: fields, document: document, version: version)
    }

    /// The room that a PDU says it belongs to, for finding the room's version before reading it. `nil` when it does not
    /// say, as create events since room version 12.
    package static func claimedRoomID(of pdu: JSONView) -> RoomID? {
        pdu["room_id"]?.string.flatMap(RoomID.init)
    }

    /// The id that a PDU has or would have, for telling its sender what is wrong with it. `nil` when it is not even that far
    /// an event.
    package static func claimedEventID(of pdu: JSONView, in version: RoomVersion) -> EventID? {
        if version.eventIDFormat == .chosen { return pdu["event_id"]?.string.flatMap(EventID.init) }
        guard pdu.isObject, pdu["content"]?.isObject == true,
            let bytes = try? CanonicalJSON.encode(pdu, strict: false, without: ["unsigned"]),
            bytes.count <= EventLimits.eventBytes, let document = try? JSONDocument(parsing: bytes)
        else { return nil }
        return try? EventHashes.eventID(of: document.root, chosen: nil, version: version)
    }

    /// The PDU in canonical JSON without `unsigned`, which other servers may fill as they like.
    private static func canonicalDocument(_ pdu: JSONView, version: RoomVersion) throws(PDUError) -> JSONDocument {
        guard pdu.isObject else { throw .notAnObject }
        do {
            let bytes = try CanonicalJSON.encode(
                pdu, strict: version.enforcesCanonicalJSON, without: ["unsigned"])
            guard bytes.count <= EventLimits.eventBytes else { throw PDUError.tooLarge(byteCount: bytes.count) }
            return try JSONDocument(parsing: bytes, limits: EventLimits.json)
        } catch let error as JSONError {
            throw .notCanonical(error)
        } catch let error as PDUError {
            throw error
        } catch {
            throw .notAnObject
        }
    }
}
