/// The members of an event that have a meaning for servers, read from its JSON and checked.
struct EventFields {
    let type: String
    let stateKey: String?
    let sender: UserID
    let originServerTS: Int64
    let depth: Int64
    let prevEvents: References
    let authEvents: References
    let redacts: EventID?
    /// `nil` only for the create event of a room that is named by it.
    let roomID: RoomID?
    /// `nil` in versions that do not put it into the event.
    let eventID: EventID?

    /// The events that an event names, each once, and whether it names one again.
    struct References {
        var ids: [EventID] = []
        var repeats = false
    }

    /// - Parameters:
    ///   - json: the event.
    ///   - version: the version of its room, which decides what is there and in which form.
    init(_ json: JSONView, version: RoomVersion) throws(PDUError) {
        type = try Self.key(json, .type, version)
        stateKey = json["state_key"] == nil ? nil : try Self.key(json, .stateKey, version)
        sender = try Self.identifier(json, .sender)
        guard try Self.member(json, .content).isObject else { throw .malformed(.content) }
        let hashes = try Self.member(json, .hashes)
        guard hashes["sha256"]?.isString == true else { throw .malformed(.hashes) }
        guard try Self.member(json, .signatures).isObject else { throw .malformed(.signatures) }
        originServerTS = try Self.integer(json, .originServerTS)
        depth = try Self.integer(json, .depth)
        // Attackers once killed rooms with a depth that nothing could follow.
        guard depth >= 0, depth <= version.maximumDepth else { throw .malformed(.depth) }
        prevEvents = try Self.references(json, .prevEvents, limit: EventLimits.prevEvents, version: version)
        authEvents = try Self.references(json, .authEvents, limit: EventLimits.authEvents, version: version)
        eventID = version.eventIDFormat == .chosen ? try Self.chosenID(json) : nil
        roomID = try Self.roomID(json, type: type, stateKey: stateKey, version: version)
        // A redaction of nothing that could be an event redacts nothing; it is an event all the same.
        let redacts = version.hasRedactsInContent ? json["content"]?["redacts"] : json["redacts"]
        self.redacts = type == EventType.redaction ? redacts?.string.flatMap(EventID.init) : nil
    }

    private static func member(_ json: JSONView, _ field: PDUError.Field) throws(PDUError) -> JSONView {
        guard let value = json[field.rawValue] else { throw .missing(field) }
        return value
    }

    /// A type or state key. NUL is refused because databases cannot store it in text, on no server.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#size-limits
    private static func key(
        _ json: JSONView, _ field: PDUError.Field, _ version: RoomVersion
    ) throws(PDUError) -> String {
        let value = try member(json, field)
        guard let text = value.string, !text.utf8.contains(0) else { throw .malformed(field) }
        if text.utf8.count <= EventLimits.keyBytes { return text }
        guard !version.dropsLongKeys, text.unicodeScalars.count <= EventLimits.keyCharacters else {
            throw .tooLong(field)
        }
        return text
    }

    private static func identifier<Identifier: MatrixIdentifier>(
        _ json: JSONView, _ field: PDUError.Field
    ) throws(PDUError) -> Identifier {
        guard let text = try member(json, field).string, let identifier = Identifier(text) else {
            throw .malformed(field)
        }
        return identifier
    }

    private static func integer(_ json: JSONView, _ field: PDUError.Field) throws(PDUError) -> Int64 {
        guard let value = try member(json, field).int else { throw .malformed(field) }
        return value
    }

    private static func chosenID(_ json: JSONView) throws(PDUError) -> EventID {
        let eventID: EventID = try identifier(json, .eventID)
        guard eventID.hasDomain else { throw .malformed(.eventID) }
        return eventID
    }

    private static func roomID(
        _ json: JSONView, type: String, stateKey: String?, version: RoomVersion
    ) throws(PDUError) -> RoomID? {
        if version.namesRoomByCreateEvent, type == EventType.create, stateKey != nil {
            // Rule 1.2 (v12): a create event with a room id is rejected, and no room could hold it.
            guard json["room_id"] == nil else { throw .unexpected(.roomID) }
            guard stateKey?.utf8.isEmpty == true else { throw .malformed(.stateKey) }
            return nil
        }
        let roomID: RoomID = try identifier(json, .roomID)
        guard roomID.hasDomain != version.namesRoomByCreateEvent else { throw .malformed(.roomID) }
        return roomID
    }

    private static func references(
        _ json: JSONView, _ field: PDUError.Field, limit: Int, version: RoomVersion
    ) throws(PDUError) -> References {
        guard let entries = try member(json, field).array else { throw .malformed(field) }
        guard entries.count <= limit else { throw .tooLong(field) }
        var found = References()
        found.ids.reserveCapacity(entries.count)
        for entry in entries {
            guard let eventID = EventReference(entry, in: version)?.eventID else { throw .malformed(field) }
            if found.ids.contains(eventID) { found.repeats = true } else { found.ids.append(eventID) }
        }
        return found
    }
}
