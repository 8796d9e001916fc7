import MatrixCore

/// Events as other servers send them.
package enum SampleEvents {
    /// A message of about 1 KB in canonical JSON, as it comes over the wire.
    package static func message() throws -> [UInt8] {
        let maker = try EventMaker(version: .v11)
        let sender = "@some.body:\(EventMaker.server)"
        let auth = try ["first", "second", "third"].map { try maker.make("m.sample", stateKey: $0, by: sender, [:]) }
        let text = "Nodes are named by what they hold, so two states are equal when their roots are. "
        let event = try maker.make(
            EventType.message, stateKey: nil, by: sender,
            [
                "msgtype": "m.text", "body": .string(String(repeating: text, count: 4)),
                "m.mentions": ["user_ids": ["@someone.else:\(EventMaker.server)"]],
            ], auth: auth, at: 1_700_000_000_000)
        return event.bytes
    }

    /// The same with the members of every object in another order and white space between them.
    package static func shuffledMessage() throws -> [UInt8] {
        var writer = JSONWriter()
        write(try JSONDocument(parsing: message()).root, to: &writer)
        return writer.bytes
    }

    private static func write(_ view: JSONView, to writer: inout JSONWriter) {
        guard let members = view.object else { return writer.value(view) }
        writer.object {
            for (key, value) in members.reversed() {
                $0.key(key)
                write(value, to: &$0)
            }
        }
    }

    /// What is measured for an event: reads it, brings it into canonical form, checks its size and hashes it.
    package static func digest(_ bytes: [UInt8]) throws -> [UInt8] {
        let document = try JSONDocument(parsing: bytes)
        let canonical = try CanonicalJSON.encode(document.root, strict: true)
        guard canonical.count <= EventLimits.eventBytes else { throw PDUError.tooLarge(byteCount: canonical.count) }
        return SHA256.hash(canonical)
    }
}
