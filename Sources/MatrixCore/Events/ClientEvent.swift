import Synchronization

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

    /// How long the parts are that may be long.
    var roughByteCount: Int {
        (prevContent?.count ?? 0) + (redactedBecause?.count ?? 0) + (relations?.count ?? 0)
            + (strippedState?.json.count ?? 0)
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
    /// The event as clients see it, with the stored content spliced into it.
    ///
    /// - Parameter includesRoomID: `false` where the room is clear from the place, as in `/sync`.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-event-format
    /// - Cost: copying, but for the first time.
    package func clientFormat(
        includesRoomID: Bool = true, unsigned: ClientEventUnsigned = ClientEventUnsigned()
    ) -> [UInt8] {
        let form = clientForm.load() ?? clientForm.storeIfNil(ClientForm(self))
        let capacity = form.content.count + form.rest.count + unsigned.roughByteCount + 128
        return JSONWriter.write(reservingCapacity: capacity) {
            $0.object {
                $0.field("content", raw: form.content)
                $0.members(form.rest)
                if includesRoomID { $0.field("room_id", roomID) }
                if !unsigned.isEmpty {
                    $0.key("unsigned")
                    unsigned.write(to: &$0)
                }
            }
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

/// What is told of an event to every client, written once.
final class ClientForm: Sendable {
    /// The value of `content`; nearly always a part of the event's own bytes.
    let content: ArraySlice<UInt8>
    /// The other members, but those that differ by place and viewer: `room_id` and `unsigned`.
    let rest: [UInt8]

    init(_ event: Event) {
        content = Self.content(of: event)
        var writer = JSONWriter(reservingCapacity: 256)
        writer.field("event_id", event.eventID)
        writer.field(optional: StickyEvent.key, event.json[StickyEvent.key])
        writer.field("origin_server_ts", event.originServerTS)
        // Before version 11 clients found it here and later ones in the content; both are served in all versions.
        writer.field(optional: "redacts", event.redacts)
        writer.field("sender", event.sender)
        writer.field(optional: "state_key", event.stateKey)
        writer.field("type", event.type)
        rest = writer.bytes
    }

    private static func content(of event: Event) -> ArraySlice<UInt8> {
        guard let redacts = event.redacts, !event.version.hasRedactsInContent, event.content["redacts"] == nil else {
            return event.content.rawBytes
        }
        return JSONWriter.write {
            $0.object {
                $0.field("redacts", redacts)
                guard let members = event.content.object else { return }
                for (key, value) in members { $0.field(key, value) }
            }
        }[...]
    }
}
