package import HTTPAPI
package import MatrixCore

/// A message between servers that is not part of a room's history.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#edus
package struct EDU: Sendable {
    package let type: String
    /// An object.
    package let content: JSONView
}

/// Events and messages that a server sends as they happen.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1sendtxnid
package struct Transaction: WireReadable {
    package let pdus: [JSONView]
    package let edus: [EDU]

    /// The body's `origin` is not read: the signature says who sent it.
    package init(_ fields: JSONFields) throws(MatrixError) {
        pdus = try fields.events("pdus", maximum: WireLimits.transactionPDUs)
        edus = try fields.events("edus", maximum: WireLimits.transactionEDUs).compactMap { edu in
            guard let type = edu["edu_type"]?.string, let content = edu["content"], content.isObject else { return nil }
            return EDU(type: type, content: content)
        }
    }

    /// The body of a transaction of ours.
    ///
    /// - Parameters:
    ///   - pdus: events as JSON, at most `WireLimits.transactionPDUs`.
    ///   - edus: whole EDUs as JSON (`edu`), at most `WireLimits.transactionEDUs`.
    package static func body(
        origin: ServerName, originServerTS: Int64, pdus: [[UInt8]], edus: [[UInt8]]
    ) -> [UInt8] {
        let bytes = (pdus + edus).reduce(256) { $0 + $1.count + 1 }
        return JSONWriter.write(reservingCapacity: bytes) { json in
            json.object { json in
                json.field("origin", origin)
                json.field("origin_server_ts", originServerTS)
                json.field("pdus", events: pdus)
                if !edus.isEmpty { json.field("edus", events: edus) }
            }
        }
    }

    /// One EDU as JSON.
    package static func edu(type: String, content: JSONValue) -> [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.field("edu_type", type)
                json.field("content", content)
            }
        }
    }

    /// What became of the events of a transaction.
    package struct Result: WireReadable, JSONResponse {
        /// Nil for events that were handled, else what went wrong with them.
        package let failures: [EventID: String?]

        package init(failures: [EventID: String?]) { self.failures = failures }

        package init(_ fields: JSONFields) throws(MatrixError) {
            var failures: [EventID: String?] = [:]
            if let pdus: JSONObjectView = try fields.optional("pdus") {
                guard pdus.count <= WireLimits.transactionPDUs else { throw .badJSON("too many results") }
                for (id, result) in pdus {
                    if let id = EventID(id) { failures[id] = .some(result["error"]?.string) }
                }
            }
            self.failures = failures
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("pdus")
                json.object { json in
                    for (id, error) in failures {
                        json.key(id.description)
                        json.object { $0.field(optional: "error", error) }
                    }
                }
            }
        }
    }
}
