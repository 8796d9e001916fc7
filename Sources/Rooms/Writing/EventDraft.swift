package import MatrixCore
package import Storage

/// An event that a local user wants to send, before it has a place in the room.
package struct EventDraft: Sendable {
    package var sender: UserRecord
    package var type: String
    package var stateKey: String?
    /// An object.
    package var content: JSONView
    package var redacts: EventID?
    package var transaction: EventTransaction?
    /// Milliseconds since 1970; now, unless an application service says something else.
    package var timestamp: Int64?
    /// For how long the event is sticky (MSC4354).
    package var stickyMilliseconds: Int64?

    /// A draft whose content this server makes up.
    package init(
        sender: UserRecord, type: String, stateKey: String? = nil, content: JSONValue, redacts: EventID? = nil,
        transaction: EventTransaction? = nil
    ) throws(JSONError) {
        self.init(
            sender: sender, type: type, stateKey: stateKey,
            content: try JSONDocument(parsing: content.canonicalBytes).root, redacts: redacts, transaction: transaction)
    }

    /// A message that a device sends under a transaction id.
    package init(
        sender: UserRecord, type: String, content: JSONView, redacts: EventID?, device: String?, transactionID: String
    ) {
        self.init(
            sender: sender, type: type, content: content, redacts: redacts,
            transaction: EventTransaction(deviceID: device ?? "", transactionID: transactionID))
    }

    package init(
        sender: UserRecord, type: String, stateKey: String? = nil, content: JSONView, redacts: EventID? = nil,
        transaction: EventTransaction? = nil, timestamp: Int64? = nil
    ) {
        self.sender = sender
        self.type = type
        self.stateKey = stateKey
        self.content = content
        self.redacts = redacts
        self.transaction = transaction
        self.timestamp = timestamp
    }
}
