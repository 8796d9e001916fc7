package import HTTPAPI
package import MatrixCore

/// Tells whom people turn to when something is wrong with the server.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixsupport
/// - Errors: 404 `M_NOT_FOUND` when the configuration names nobody.
package enum GetWellknownSupport: Endpoint {
    package static let route = Route("getWellknownSupport", .get, "/.well-known/matrix/support")

    package static func handle(
        _ request: EmptyRequest, from caller: Anyone, with services: DiscoveryServices
    ) async throws -> SupportInformation {
        guard let support = services.support else { throw MatrixError.notFound() }
        return support
    }
}

/// The people who run the server, and where there is help.
package struct SupportInformation: JSONResponse {
    package struct Contact: Sendable {
        /// `m.role.admin`, `m.role.security`, or a name of one's own.
        let role: String
        let userID: UserID?
        let emailAddress: String?

        package init(role: String, userID: UserID?, emailAddress: String?) {
            self.role = role
            self.userID = userID
            self.emailAddress = emailAddress
        }
    }

    private let contacts: [Contact]
    private let page: String?

    /// - Returns: `nil` when there is nothing to tell.
    package init?(contacts: [Contact], page: String?) {
        guard !contacts.isEmpty || page != nil else { return nil }
        self.contacts = contacts
        self.page = page
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            // A list without anybody is not allowed.
            if !contacts.isEmpty {
                json.array(key: "contacts") { json in
                    for contact in contacts {
                        json.object { json in
                            json.field(optional: "matrix_id", contact.userID)
                            json.field(optional: "email_address", contact.emailAddress)
                            json.field("role", contact.role)
                        }
                    }
                }
            }
            json.field(optional: "support_page", page)
        }
    }
}
