package import HTTPAPI
package import MatrixCore

/// What a resident server answers to `send_join`: the room before the join. Ours is never whole in memory: it is spliced.
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
}
