package import HTTPAPI
package import MatrixCore

/// Events without more: the answers to `backfill` and `event`.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid
package struct EventsAnswer: WireReadable {
    package let pdus: [JSONView]

    package init(_ fields: JSONFields) throws(MatrixError) {
        pdus = try fields.events("pdus", maximum: WireLimits.backfillEvents)
    }

    package struct Response: JSONResponse {
        private let origin: ServerName
        private let originServerTS: Int64
        private let pdus: [[UInt8]]

        package init(origin: ServerName, originServerTS: Int64, pdus: [[UInt8]]) {
            self.origin = origin
            self.originServerTS = originServerTS
            self.pdus = pdus
        }

        package var expectedBytes: Int { pdus.reduce(256) { $0 + $1.count + 1 } }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("origin", origin)
                json.field("origin_server_ts", originServerTS)
                json.field("pdus", events: pdus)
            }
        }
    }
}

/// The state of a room at an event and what authorises it, by the ids of the events.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1state_idsroomid
package struct StateIDsAnswer: WireReadable, JSONResponse {
    package let pduIDs: [EventID]
    package let authChainIDs: [EventID]

    package init(pduIDs: [EventID], authChainIDs: [EventID]) {
        self.pduIDs = pduIDs
        self.authChainIDs = authChainIDs
    }

    package init(_ fields: JSONFields) throws(MatrixError) {
        pduIDs = try fields.eventIDs("pdu_ids", maximum: WireLimits.stateEvents)
        authChainIDs = try fields.eventIDs("auth_chain_ids", maximum: WireLimits.stateEvents)
    }

    package var expectedBytes: Int { 64 + 50 * (pduIDs.count + authChainIDs.count) }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("pdu_ids", ids: pduIDs)
            json.field("auth_chain_ids", ids: authChainIDs)
        }
    }
}

/// Which events somebody misses between what they have and what they got.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1get_missing_eventsroomid
package struct MissingEvents: WireReadable {
    package static let usualLimit = 10
    /// Of the two lists of ids.
    private static let maximumIDs = 100

    package let earliestEvents: [EventID]
    package let latestEvents: [EventID]
    /// 1 to `WireLimits.missingEvents`.
    package let limit: Int
    package let minimumDepth: Int64

    package init(earliestEvents: [EventID], latestEvents: [EventID], limit: Int, minimumDepth: Int64) {
        self.earliestEvents = earliestEvents
        self.latestEvents = latestEvents
        self.limit = limit
        self.minimumDepth = minimumDepth
    }

    package init(_ fields: JSONFields) throws(MatrixError) {
        earliestEvents = try fields.eventIDs("earliest_events", maximum: Self.maximumIDs)
        latestEvents = try fields.eventIDs("latest_events", maximum: Self.maximumIDs)
        let limit: Int = try fields.optional("limit") ?? Self.usualLimit
        guard limit >= 0 else { throw .invalidParam("limit must not be negative") }
        self.limit = min(limit, WireLimits.missingEvents)
        minimumDepth = try fields.optional("min_depth") ?? 0
    }

    package var body: [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.field("earliest_events", ids: earliestEvents)
                json.field("latest_events", ids: latestEvents)
                json.field("limit", limit)
                json.field("min_depth", minimumDepth)
            }
        }
    }

    package struct Answer: WireReadable {
        package let events: [JSONView]

        package init(_ fields: JSONFields) throws(MatrixError) {
            events = try fields.events("events", maximum: WireLimits.missingEvents)
        }
    }

    package struct Response: JSONResponse {
        private let events: [[UInt8]]

        package init(events: [[UInt8]]) { self.events = events }
        package var expectedBytes: Int { events.reduce(32) { $0 + $1.count + 1 } }
        package func write(to json: inout JSONWriter) { json.object { $0.field("events", events: events) } }
    }
}
