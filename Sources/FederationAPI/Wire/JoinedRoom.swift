package import HTTPAPI
package import MatrixCore

/// What a resident server answers to `send_join`: the room before the join.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
package struct JoinedRoom: WireReadable {
    package let state: [JSONView]
    package let authChain: [JSONView]
    /// The join as the resident server co-signed it, where the room asks for that.
    package let event: JSONView?
    package let membersOmitted: Bool
    package let serversInRoom: [ServerName]

    package init(_ fields: JSONFields) throws(MatrixError) {
        state = try fields.events("state", maximum: WireLimits.stateEvents)
        authChain = try fields.events("auth_chain", maximum: WireLimits.stateEvents)
        event = try fields.optional("event")
        membersOmitted = try fields.optional("members_omitted") ?? false
        let servers: JSONArrayView? = try fields.optional("servers_in_room")
        guard servers.map({ $0.count <= WireLimits.servers }) != false else { throw .badJSON("too many servers") }
        serversInRoom = servers?.compactMap { $0.string.flatMap(ServerName.init) } ?? []
    }

    /// Our answer. Events are their stored bytes.
    package struct Response: JSONResponse {
        private let origin: ServerName
        private let state: [[UInt8]]
        private let authChain: [[UInt8]]
        private let event: [UInt8]?
        private let serversInRoom: [ServerName]?

        /// - Parameter serversInRoom: not nil when members were left out of `state`.
        package init(
            origin: ServerName, state: [[UInt8]], authChain: [[UInt8]], event: [UInt8]?,
            serversInRoom: [ServerName]? = nil
        ) {
            self.origin = origin
            self.state = state
            self.authChain = authChain
            self.event = event
            self.serversInRoom = serversInRoom
        }

        package var expectedBytes: Int {
            (state + authChain).reduce(1024 + (event?.count ?? 0)) { $0 + $1.count + 1 }
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("origin", origin)
                json.field("members_omitted", serversInRoom != nil)
                if let serversInRoom { json.field("servers_in_room", strings: serversInRoom.map(\.description)) }
                if let event { json.field("event", raw: event) }
                json.field("state", events: state)
                json.field("auth_chain", events: authChain)
            }
        }
    }
}
