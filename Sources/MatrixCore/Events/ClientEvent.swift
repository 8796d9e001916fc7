/// What a server tells clients about an event beyond the event itself.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#definition-clientevent_unsigneddata
package struct ClientEventUnsigned: Sendable {
    /// Milliseconds since the event was sent.
    package var age: Int64?
    /// Only for the device that sent the event.
    package var transactionID: String?
    /// Only for the user who had the event sent later.
    package var delayID: String?
    /// Milliseconds for which the event still is sticky.
    package var stickyMilliseconds: Int64?
    /// The requesting user's membership at the event.
    package var membership: Membership?
    /// The redaction. The specification has only `redacted_because`; clients have come to read this one too.
    package var redactedBy: EventID?
    /// The redaction, in client format.
    package var redactedBecause: [UInt8]?
    /// The content that the state event replaced, and the id of that event.
    package var prevContent: [UInt8]?
    package var replacesState: EventID?
    /// `m.relations`, an object.
    package var relations: [UInt8]?
    /// `invite_room_state` or `knock_room_state`, an array of stripped state, under that name.
    package var strippedState: (key: String, json: [UInt8])?

    package init() {}

    var isEmpty: Bool {
        age == nil && transactionID == nil && delayID == nil && stickyMilliseconds == nil && membership == nil
            && redactedBy == nil && redactedBecause == nil && prevContent == nil
            && replacesState == nil && relations == nil && strippedState == nil
    }

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field(optional: "age", age)
            $0.field(optional: "membership", membership?.rawValue)
            $0.field(optional: "transaction_id", transactionID)
            $0.field(optional: "org.matrix.msc4140.delay_id", delayID)
            $0.field(optional: "msc4354_sticky_duration_ttl_ms", stickyMilliseconds)
            $0.field(optional: "redacted_by", redactedBy)
            if let redactedBecause { $0.field("redacted_because", raw: redactedBecause) }
            if let prevContent { $0.field("prev_content", raw: prevContent) }
            $0.field(optional: "replaces_state", replacesState)
            if let relations { $0.field("m.relations", raw: relations) }
            if let strippedState { $0.field(strippedState.key, raw: strippedState.json) }
        }
    }
}

extension Event {
    /// Writes the event as clients see it, splicing the stored content into it.
    ///
    /// - Parameter includesRoomID: `false` where the room is clear from the place, as in `/sync`.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-event-format
    package func writeClientFormat(
        to writer: inout JSONWriter, includesRoomID: Bool = true, unsigned: ClientEventUnsigned = ClientEventUnsigned()
    ) {
        writer.object {
            $0.key("content")
            writeClientContent(to: &$0)
            $0.field("event_id", eventID)
            $0.field(optional: StickyEvent.key, json[StickyEvent.key])
            $0.field("origin_server_ts", originServerTS)
            // Before version 11 clients found it here and later ones in the content; both are served in all versions.
            $0.field(optional: "redacts", redacts)
            if includesRoomID { $0.field("room_id", roomID) }
            $0.field("sender", sender)
            $0.field(optional: "state_key", stateKey)
            $0.field("type", type)
            if !unsigned.isEmpty {
                $0.key("unsigned")
                unsigned.write(to: &$0)
            }
        }
    }

    /// The same as bytes of its own.
    package func clientFormat(
        includesRoomID: Bool = true, unsigned: ClientEventUnsigned = ClientEventUnsigned()
    ) -> [UInt8] {
        JSONWriter.write(reservingCapacity: content.rawBytes.count + 512) {
            writeClientFormat(to: &$0, includesRoomID: includesRoomID, unsigned: unsigned)
        }
    }

    private func writeClientContent(to writer: inout JSONWriter) {
        guard let redacts, !version.hasRedactsInContent, content["redacts"] == nil else {
            return writer.value(content)
        }
        writer.object {
            $0.field("redacts", redacts)
            guard let members = content.object else { return }
            for (key, value) in members { $0.field(key, value) }
        }
    }

    /// Writes the event as stripped state: what somebody outside of a room may see of it. Only for state events.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#stripped-state
    package func writeStrippedState(to writer: inout JSONWriter) {
        writer.object {
            $0.field("content", content)
            $0.field("sender", sender)
            $0.field("state_key", stateKey ?? "")
            $0.field("type", type)
        }
    }
}
