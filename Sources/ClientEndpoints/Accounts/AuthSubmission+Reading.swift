import Accounts
import HTTPAPI
import MatrixCore

extension AuthSubmission {
    /// What a body has as `auth`; `nil` when it has none.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#user-interactive-api-in-the-rest-api
    init?(from body: JSONFields) throws(MatrixError) {
        guard let auth = try body.object("auth") else { return nil }
        self.init(
            type: try auth.optional("type"), session: try auth.optional("session"),
            user: try LoginIdentifier(from: auth),
            password: try auth.optional("password"), token: try auth.optional("token"))
    }
}

extension LoginIdentifier {
    /// Whom an object means by its `identifier`, or by the members that came before that; `nil` when it names nobody.
    ///
    /// - Throws: `M_UNKNOWN` for a type of identifier that the specification does not know.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#identifier-types
    init?(from fields: JSONFields) throws(MatrixError) {
        if let identifier = try fields.object("identifier") {
            switch try identifier.required("type", as: String.self) {
            case "m.id.user": self = .user(try identifier.required("user"))
            case "m.id.thirdparty", "m.id.phone": self = .thirdParty
            default: throw MatrixError(.unknown, "Unknown type of identifier", status: 400)
            }
        } else if let user: String = try fields.optional("user") {
            self = .user(user)
        } else if let _: String = try fields.optional("address") {
            self = .thirdParty
        } else {
            return nil
        }
    }
}
