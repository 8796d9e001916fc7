package import HTTPAPI
package import MatrixCore

extension PublicRoomQuery {
    /// Types of rooms that one search looks for.
    private static var maxTypes: Int { 100 }

    /// Reads what a client, or another server, looks for.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms
    package init(reading fields: JSONFields) throws(MatrixError) {
        let limit: Int? = try fields.optional("limit")
        guard limit ?? 0 >= 0 else { throw .invalidParam("limit must be at least 0") }
        self.init(limit: limit, since: try fields.optional("since"))
        list = try List(
            isOfAllNetworks: try fields.optional("include_all_networks") ?? false,
            network: try fields.optional("third_party_instance_id"))
        guard let filter = try fields.object("filter") else { return }
        searchTerm = try filter.optional("generic_search_term")
        guard let types: JSONArrayView = try filter.optional("room_types") else { return }
        guard types.count <= Self.maxTypes else { throw .invalidParam("room_types has too many entries") }
        var wanted: [String?] = []
        for type in types {
            guard type.isString || type.isNull else { throw .badJSON("room_types must hold strings or null") }
            wanted.append(type.string)
        }
        self.types = wanted
    }
}

extension PublicRoomQuery.List {
    /// - Throws: `M_INVALID_PARAM` for all networks and one of them.
    package init(isOfAllNetworks: Bool, network: String?) throws(MatrixError) {
        guard !isOfAllNetworks || network == nil else {
            throw .invalidParam("third_party_instance_id cannot go with include_all_networks")
        }
        self = isOfAllNetworks ? .all : network.map { .network($0) } ?? .own
    }
}
