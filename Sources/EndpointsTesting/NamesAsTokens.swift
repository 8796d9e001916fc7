package import HTTPAPI
import MatrixCore
package import Storage

/// Takes a localpart for the access token of its user. After `admin.`, `guest.` or `suspended.` it is that of such a user,
/// and after `service.` stands the id of an application service. With any other such word it is nobody's.
package struct NamesAsTokens: UserAuthenticator {
    private let interning: Interning
    private let deviceID: String

    /// - Parameter deviceID: the device that everybody has.
    package init(interning: Interning, deviceID: String = "D") {
        self.interning = interning
        self.deviceID = deviceID
    }

    package func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
        let parts = token.secret.split(separator: ".", maxSplits: 1)
        let kind = parts.count > 1 ? parts[0] : ""
        guard ["", "admin", "guest", "suspended"].contains(kind), let name = parts.last,
            let userID = UserID("@\(name):example.org")
        else { return nil }
        return LocalUser(
            userID: userID, userNID: try await interning.user(userID).nid, deviceID: deviceID, tokenID: 1,
            isGuest: kind == "guest", isAdministrator: kind == "admin", isSuspended: kind == "suspended")
    }

    package func appService(presenting token: AccessToken, in request: CallerRequest) async throws -> AppService? {
        guard token.secret.hasPrefix("service."), let sender = UserID("@bridge:example.org") else { return nil }
        return AppService(
            id: String(token.secret.dropFirst("service.".count)), senderUserID: sender, isRateLimited: false)
    }
}
