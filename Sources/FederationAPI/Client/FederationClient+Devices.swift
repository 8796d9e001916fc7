import HTTPAPI
package import MatrixCore

/// Calls about users' devices.
extension FederationClient {
    /// A thousand devices with their signatures.
    private static let devicesBytes = 8 << 20

    /// All devices of a user, as the user's server tells them.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1userdevicesuserid
    package func devices(of userID: UserID) async throws -> JSONDocument {
        var call = FederationCall(
            .get, to: userID.serverName, "/_matrix/federation/v1/user/devices", [userID.description])
        call.timeout = .seconds(20)
        call.maximumBytes = Self.devicesBytes
        return try await send(call)
    }
}
