package import HTTPAPI
package import MatrixCore
package import Storage

/// From where and when users were last seen, for themselves and for administrators.
package struct UserSightings: Sendable {
    private let names: AccountNames
    private let accounts: AccountStore
    private let devices: DeviceStore
    private let interning: Interning

    /// A device, and from where and when (milliseconds since 1970) it was last seen.
    package struct SeenDevice: Sendable {
        package let deviceID: String
        package let address: String?
        package let milliseconds: Int64?
    }

    package init(names: AccountNames, stores: AccountStores, interning: Interning) {
        self.names = names
        accounts = stores.accounts
        devices = stores.devices
        self.interning = interning
    }

    /// The devices of a user. When they were seen is late by a few minutes.
    ///
    /// - Throws: `M_FORBIDDEN` for others than the user and administrators; `M_INVALID_PARAM` for a user of another server;
    ///   `M_NOT_FOUND`.
    package func devices(of userID: UserID, for caller: LocalUser) async throws -> [SeenDevice] {
        guard caller.userID == userID || caller.isAdministrator else {
            throw MatrixError.forbidden("You are not a server administrator")
        }
        guard names.isLocal(userID) else { throw MatrixError.invalidParam("The user is not of this server") }
        guard let user = try await interning.knownUser(userID), try await accounts.account(of: user.nid) != nil else {
            throw MatrixError.notFound("There is no such user")
        }
        return try await devices.devices(of: user.nid).map { device in
            SeenDevice(
                deviceID: device.deviceID, address: device.lastSeenAddress, milliseconds: device.lastSeenMilliseconds)
        }
    }
}
