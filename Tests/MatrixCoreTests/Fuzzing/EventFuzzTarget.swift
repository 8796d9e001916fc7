import MatrixCore

/// A PDU of any room version. Input: one byte that chooses the version, then JSON.
enum EventFuzzTarget {
    static let dictionary = [
        "\"type\":", "\"state_key\":\"\"", "\"sender\":\"@a:b\"", "\"content\":{", "\"hashes\":{\"sha256\":\"",
        "\"depth\":",
        "\"signatures\":{", "\"prev_events\":[", "\"auth_events\":[", "\"room_id\":\"!r:b\"", "\"event_id\":\"$e:b\"",
        "\"redacts\":\"$e\"", "\"unsigned\":{", "\"membership\":\"join\"", "\"m.room.member\"", "\"m.room.create\"",
        "\"m.room.power_levels\"", "\"third_party_invite\":{\"signed\":{", "\"users\":{\"@a:b\":100}",
        "\"join_authorised_via_users_server\":\"@a:b\"", "\"additional_creators\":[", "9007199254740991", "-1", "1.5",
        "\"100\"", "\" 7 \"", "null", "\"join_rule\":\"restricted\"", "\"m.federate\":false", "\u{0}",
    ]

    static let versions: [RoomVersion] = [.v1, .v2, .v3, .v4, .v5, .v6, .v7, .v8, .v9, .v10, .v11, .v12]

    static func version(_ byte: UInt8?) -> RoomVersion { versions[Int(byte ?? 0) % versions.count] }

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let version = version(bytes.first)
        guard let document = try? JSONDocument(parsing: Array(bytes.dropFirst())) else { return }
        _ = Event.claimedRoomID(of: document.root)
        guard let received = try? Event.receive(document.root, in: version) else { return }
        let event = received.event
        try check(event)
        guard let again = try? JSONDocument(parsing: event.bytes),
            let repeated = try? Event.receive(again.root, in: version)
        else { throw FuzzFailure("what was received is not received again") }
        try FuzzFailure.unless(repeated.event.eventID == event.eventID, "another id the second time")
        try FuzzFailure.unless(repeated.event.bytes == event.bytes, "other bytes the second time")
        guard let redacted = try? event.redacted(), let twice = try? redacted.redacted() else {
            throw FuzzFailure("an event cannot be redacted")
        }
        try check(redacted)
        try FuzzFailure.unless(twice.bytes == redacted.bytes, "redacting twice is not redacting once")
        try FuzzFailure.unless(redacted.signedBytes == event.signedBytes, "redaction changes what is signed")
        if let stored = try? Event(stored: redacted.bytes, eventID: nil, version: version) {
            try FuzzFailure.unless(stored.eventID == event.eventID, "redaction changes the id")
        } else {
            throw FuzzFailure("a redacted event cannot be read")
        }
    }

    static func check(_ event: Event) throws(FuzzFailure) {
        guard let document = try? JSONDocument(parsing: event.bytes) else { throw FuzzFailure("an event is no JSON") }
        if event.version.enforcesCanonicalJSON {
            try FuzzFailure.unless(document.isCanonical, "an event is not canonical")
        }
        try FuzzFailure.unless(event.bytes.count <= EventLimits.eventBytes, "an event is too large")
        try FuzzFailure.unless(document["unsigned"] == nil, "an event keeps what others say in unsigned")
        try FuzzFailure.unless(event.depth >= 0 && event.depth <= event.version.maximumDepth, "a depth out of range")
        try FuzzFailure.unless(event.prevEvents.count <= EventLimits.prevEvents, "too many previous events")
        try FuzzFailure.unless(event.authEvents.count <= EventLimits.authEvents, "too many auth events")
        for bytes in [event.clientFormat(), event.clientFormat(includesRoomID: false)] {
            guard let client = try? JSONDocument(parsing: bytes) else {
                throw FuzzFailure("the client format is no JSON")
            }
            try FuzzFailure.unless(client["type"]?.stringEquals(event.type) ?? false, "another type for clients")
        }
        try FuzzFailure.unless(
            (try? JSONDocument(parsing: JSONWriter.write { event.writeStrippedState(to: &$0) })) != nil,
            "stripped state is no JSON")
        for server in event.requiredSigners {
            _ = event.hasSignature(of: server)
            let keys = event.signatureKeyIDs(of: server).prefix(2)
            guard let key = Ed25519PublicKey(bytes: [UInt8](repeating: 1, count: 32)) else { return }
            _ = event.isSigned(by: server, keys: Dictionary(keys.map { ($0, key) }, uniquingKeysWith: { $1 }))
        }
        let selection = AuthRules(version: event.version).selection(for: event)
        try FuzzFailure.unless(Set(selection).count == selection.count, "a key of the state is selected twice")
    }
}
