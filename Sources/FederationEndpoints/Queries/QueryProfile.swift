import Accounts
package import HTTPAPI
package import MatrixCore

/// The profile of a user of this server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryprofile
/// - Errors: 400 `M_MISSING_PARAM`, `M_INVALID_PARAM`; 404 `M_NOT_FOUND` when there is no such user here. A field that is
///   not there is left out.
package enum QueryProfile: Endpoint {
    package static let route = Route(
        "queryProfile", .get, "/_matrix/federation/v1/query/profile", rateLimit: .federation)

    package struct Request: RequestDecodable {
        let userID: UserID
        let field: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            userID = try input.query("user_id", { UserID($0) })
            field = input.query(optional: "field")
        }
    }

    /// Fields with their values as JSON.
    package struct Response: JSONResponse {
        let fields: [(field: String, value: [UInt8])]

        package func write(to json: inout JSONWriter) {
            json.object { json in for (field, value) in fields { json.field(field, raw: value) } }
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: QueryServices
    ) async throws -> Response {
        // What we know of other servers' users is between them and us (CVE-2023-43796).
        guard services.names.isLocal(request.userID) else {
            throw MatrixError.notFound("The user is not of this server")
        }
        let fields = try await services.profiles.profile(of: request.userID)
        guard let wanted = request.field else { return Response(fields: fields) }
        return Response(fields: fields.filter { $0.field == wanted })
    }
}
