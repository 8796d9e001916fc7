import Encryption
package import FederationAPI
package import MatrixCore

/// Device lists of users of other servers, which are asked for them.
package struct FederatedDeviceLists: RemoteDeviceSource {
    private let client: FederationClient

    package init(client: FederationClient) { self.client = client }

    package func devices(of user: UserID) async throws -> JSONView { try await client.devices(of: user).root }
}
