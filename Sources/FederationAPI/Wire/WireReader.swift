package import HTTPAPI
package import MatrixCore

/// Something that goes between servers as a JSON object. Reading it believes nothing: every field is checked, lists are
/// bounded, and events stay JSON until their room's version is known.
package protocol WireReadable: Sendable {
    /// - Throws: what the sender should be told if it was a request of theirs.
    init(_ fields: JSONFields) throws(MatrixError)
}

extension WireReadable {
    /// Reads an answer of another server.
    package init(answer document: JSONDocument) throws(FederationError) {
        do {
            try self.init(JSONFields(of: document.root, named: "answer"))
        } catch {
            throw .malformed(error.message)
        }
    }
}

extension JSONFields {
    /// A list of events, each an object; what is none is left out, since one bad event must not cost its neighbours.
    func events(_ name: String, maximum: Int) throws(MatrixError) -> [JSONView] {
        guard let array: JSONArrayView = try optional(name) else { return [] }
        guard array.count <= maximum else { throw .badJSON("\(name) has more than \(maximum) entries") }
        return array.filter(\.isObject)
    }

    /// A list of ids; what is none is left out.
    func eventIDs(_ name: String, maximum: Int) throws(MatrixError) -> [EventID] {
        guard let array: JSONArrayView = try optional(name) else { return [] }
        guard array.count <= maximum else { throw .badJSON("\(name) has more than \(maximum) entries") }
        return array.compactMap { $0.string.flatMap(EventID.init) }
    }
}

extension JSONWriter {
    /// A list of events that are JSON already.
    mutating func field(_ key: String, events: some Sequence<[UInt8]>) {
        self.key(key)
        array { for event in events { $0.raw(event) } }
    }

    mutating func field(_ key: String, ids: some Sequence<EventID>) {
        self.key(key)
        array { for id in ids { $0.string(id.description) } }
    }
}

/// How many entries lists may have.
package enum WireLimits {
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#transactions
    package static let transactionPDUs = 50
    package static let transactionEDUs = 100
    /// Events of a room's state and auth chain.
    package static let stateEvents = 1_000_000
    package static let missingEvents = 100
    package static let backfillEvents = 500
    package static let servers = 50_000
}
