package import MatrixCore
package import Storage

/// An event that a client wants to have sent later.
package struct DelayedEventRequest: Sendable {
    let roomID: RoomID
    let type: String
    let stateKey: String?
    let content: JSONView
    package var stickyMilliseconds: Int64?
    let delayMilliseconds: Int64
    private let transaction: EventTransaction?

    /// - Parameters:
    ///   - content: an object.
    ///   - transactionID: a repetition of the device's is answered with the first one's delay id; `nil` where clients give none.
    package init(
        roomID: RoomID, type: String, stateKey: String?, content: JSONView, delayMilliseconds: Int64, device: String?,
        transactionID: String?
    ) {
        self.roomID = roomID
        self.type = type
        self.stateKey = stateKey
        self.content = content
        self.delayMilliseconds = delayMilliseconds
        transaction = transactionID.map { EventTransaction(deviceID: device ?? "", transactionID: $0) }
    }

    /// - Throws: 400 `M_BAD_JSON` for what can be no event's content.
    var event: NewDelayedEvent {
        get throws(MatrixError) {
            let bytes: [UInt8]
            do { bytes = try CanonicalJSON.encode(content, strict: false) } catch {
                throw .badJSON("The content is no event's")
            }
            return NewDelayedEvent(
                roomID: roomID, type: type, stateKey: stateKey, content: bytes,
                stickyMilliseconds: stickyMilliseconds, delayMilliseconds: delayMilliseconds, transaction: transaction)
        }
    }
}

/// A delayed event as its sender is told of it.
package struct DelayedEvent: Sendable {
    package let record: DelayedEventRecord

    /// Roughly how many bytes it takes.
    package var expectedBytes: Int { record.content.count + 256 }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("delay_id", record.delayID)
            json.field("room_id", record.roomID)
            json.field("type", record.type)
            json.field(optional: "state_key", record.stateKey)
            json.field("delay_ms", record.delayMilliseconds)
            json.field("scheduled_at", record.scheduledAt)
            // As clients know them that were written before the names changed.
            json.field("delay", record.delayMilliseconds)
            json.field("running_since", record.scheduledAt)
            json.field("content", raw: record.content)
            guard let end = record.end else { return }
            json.field("finalised_ts", end.finalisedAt)
            switch end.outcome {
            case .sent(let eventID): json.field("event_id", eventID)
            case .failed(let error): json.field("error", raw: error)
            case .cancelled: break
            }
        }
    }
}
