package import HTTPAPI
package import MatrixCore

/// What a resident server answers to `send_join`, without its large lists, which are handed over while they arrive. Ours is
/// never whole in memory either: it is spliced.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
package struct JoinedRoom: WireReadable {
    /// An event of the room before the join.
    package struct Entry: Sendable {
        /// Of the state, or else of its auth chain.
        package let isState: Bool
        package let pdu: JSONView

        package init(isState: Bool, pdu: JSONView) {
            self.isState = isState
            self.pdu = pdu
        }
    }

    static let state = "state"
    static let authChain = "auth_chain"

    /// The join as the resident server co-signed it, where the room asks for that.
    package let event: JSONView?
    package let membersOmitted: Bool
    package let serversInRoom: [ServerName]

    package init(_ fields: JSONFields) throws(MatrixError) {
        let lists: (JSONArrayView?, JSONArrayView?) = (
            try fields.optional(Self.state), try fields.optional(Self.authChain)
        )
        guard lists.0 != nil, lists.1 != nil else { throw .badJSON("no state or no auth chain") }
        event = try fields.optional("event")
        membersOmitted = try fields.optional("members_omitted") ?? false
        let servers: JSONArrayView? = try fields.optional("servers_in_room")
        guard servers.map({ $0.count <= WireLimits.servers }) != false else { throw .badJSON("too many servers") }
        serversInRoom = servers?.compactMap { $0.string.flatMap(ServerName.init) } ?? []
    }
}
