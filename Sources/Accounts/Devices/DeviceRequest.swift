package import MatrixCore

/// The device that somebody wants to log in with.
package struct DeviceRequest: Sendable {
    /// A display name may be so long, in bytes.
    package static let maxDisplayNameBytes = 512

    package let deviceID: String?
    package let displayName: String?
    package let wantsRefreshToken: Bool
    package let address: String

    /// - Throws: `M_INVALID_PARAM` when the id or the name cannot be one.
    package init(
        deviceID: String?, displayName: String?, wantsRefreshToken: Bool, address: String
    ) throws(MatrixError) {
        if let deviceID, !OpaqueIdentifier.isDeviceID(deviceID) { throw .invalidParam("The device id is not valid") }
        if let displayName { try Self.check(displayName: displayName) }
        self.deviceID = deviceID
        self.displayName = displayName
        self.wantsRefreshToken = wantsRefreshToken
        self.address = address
    }

    func withID(_ deviceID: String) throws(MatrixError) -> DeviceRequest {
        try DeviceRequest(
            deviceID: deviceID, displayName: displayName, wantsRefreshToken: wantsRefreshToken, address: address)
    }

    static func check(displayName: String) throws(MatrixError) {
        guard displayName.utf8.count <= maxDisplayNameBytes, !displayName.utf8.contains(0) else {
            throw .invalidParam("The device's display name is not valid")
        }
    }
}

/// What a client gets when it has logged in.
package struct IssuedSession: Sendable {
    package let userID: UserID
    package let deviceID: String
    package let tokens: IssuedTokens
}

/// Tokens as the client gets them: the only moment at which they are known.
package struct IssuedTokens: Sendable {
    package let accessToken: String
    package let refreshToken: String?
    /// `nil` when the access token does not expire.
    package let expiresIn: Duration?
}
