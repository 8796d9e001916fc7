package import Federation
package import HTTPAPI
package import MatrixCore

/// The keys of several servers, vouched for by this one.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixkeyv2query
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, or `M_INVALID_PARAM` for more servers than are answered for at once.
package enum BulkPerspectivesKeyQuery: Endpoint {
    package static let route = Route(
        "bulkPerspectivesKeyQuery", .post, "/_matrix/key/v2/query", rateLimit: .federation)

    package struct Request: RequestDecodable {
        /// Keys of one server that may be named.
        private static let maximumKeys = 64

        let queries: [KeyQuery]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let servers: JSONObjectView = try input.body("server_keys")
            guard servers.count <= KeyNotary.maximumQueries else {
                throw .invalidParam("server_keys has more than \(KeyNotary.maximumQueries) entries")
            }
            var queries: [KeyQuery] = []
            for (name, keys) in servers {
                guard let keys = keys.object, keys.count <= Self.maximumKeys else {
                    throw .badJSON("server_keys must hold an object for each server")
                }
                // One name that is none must not cost the answers for the others.
                guard let server = ServerName(name) else { continue }
                var ids: [SigningKeyID] = []
                var until: Int64?
                for (id, criteria) in keys {
                    guard criteria.isObject else { throw .badJSON("the criteria for a key must be an object") }
                    if let id = SigningKeyID(id) { ids.append(id) }
                    if let time = criteria["minimum_valid_until_ts"]?.int { until = max(until ?? time, time) }
                }
                queries.append(KeyQuery(server: server, keyIDs: ids, minimumValidUntilMilliseconds: until))
            }
            self.queries = queries
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with notary: KeyNotary
    ) async throws -> NotaryKeys {
        NotaryKeys(serverKeys: try await notary.answer(request.queries))
    }
}
