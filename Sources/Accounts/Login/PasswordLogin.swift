import MatrixCore
import Storage

/// Logs users in by their password.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#legacy-login
package struct PasswordLogin: Sendable {
    let names: AccountNames
    let passwords: PasswordCheck
    let devices: DeviceSessions

    package init(names: AccountNames, passwords: PasswordCheck, devices: DeviceSessions) {
        self.names = names
        self.passwords = passwords
        self.devices = devices
    }

    /// - Throws: `M_FORBIDDEN`, the same for a wrong name and a wrong password; `M_USER_LOCKED` to the owner of a locked
    ///   account.
    package func logIn(
        _ identifier: LoginIdentifier, password: String, device: DeviceRequest
    ) async throws -> IssuedSession {
        guard case .user(let name) = identifier, let userID = names.resolve(name),
            let verified = try await passwords.verify(password, of: userID)
        else { throw MatrixError.forbidden("Invalid username or password") }
        if verified.account.isLocked { throw MatrixError.accountIsLocked }
        return try await devices.open(device, for: verified.user, verifiedHash: verified.passwordHash)
    }
}
