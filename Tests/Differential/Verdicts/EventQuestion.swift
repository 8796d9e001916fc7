import MatrixCore

/// What a single PDU is in a room version: its id, its hash, what redaction leaves of it, what it rests on.
struct EventQuestion {
    private let version: RoomVersion
    private let pdu: JSONView

    init(_ question: JSONView) throws(BadQuestion) {
        version = try question.version()
        pdu = try question.required("pdu")
    }

    func answer() throws -> [UInt8] {
        let received: ReceivedEvent
        let redacted: Event
        do {
            received = try Event.receive(pdu, in: version)
            redacted = try received.event.redacted()
        } catch {
            return JSONWriter.write { $0.object { $0.field("refused", String(describing: error)) } }
        }
        let event = received.event
        return JSONWriter.write {
            $0.object {
                $0.field("id", event.eventID)
                $0.field("room", event.roomID)
                $0.field("intact", received.isContentIntact)
                $0.field("event", String(decoding: event.bytes, as: UTF8.self))
                $0.field("redacted", String(decoding: redacted.bytes, as: UTF8.self))
                $0.field("reference", Base64.encode(SHA256.hash(event.signedBytes)))
                $0.field("signers", strings: event.requiredSigners.map(\.description).sorted())
            }
        }
    }
}
