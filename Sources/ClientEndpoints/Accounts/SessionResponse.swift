import Accounts
import HTTPAPI
package import MatrixCore

/// The answer to a login or registration.
package struct SessionResponse: JSONResponse {
    let userID: UserID
    /// `nil` when no login was wanted.
    let session: IssuedSession?
    /// For the client's configuration, where the specification has a place for it.
    let baseURL: String?

    init(userID: UserID, session: IssuedSession?, baseURL: String? = nil) {
        self.userID = userID
        self.session = session
        self.baseURL = baseURL
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("user_id", userID)
            // Deprecated; old clients read it.
            json.field("home_server", userID.serverName)
            guard let session else { return }
            session.tokens.write(to: &json)
            json.field("device_id", session.deviceID)
            guard let baseURL else { return }
            json.key("well_known")
            json.object { json in
                json.key("m.homeserver")
                json.object { $0.field("base_url", baseURL) }
            }
        }
    }
}

extension IssuedTokens {
    /// Writes the members that logins and refreshes have in common.
    func write(to json: inout JSONWriter) {
        json.field("access_token", accessToken)
        json.field(optional: "refresh_token", refreshToken)
        json.field(optional: "expires_in_ms", expiresIn.map { $0.components.seconds * 1000 })
    }
}
