import HTTPAPI
package import MatrixCore

/// Calls about users' keys. Somebody waits to write a message.
extension FederationClient {
    private static let keyTimeout = Duration.seconds(60)

    /// - Parameter users: with the devices that are asked for; none: all.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysquery
    package func userKeys(of users: [UserID: Set<String>], at server: ServerName) async throws -> UserKeysAnswer {
        let wanted = users.map { ($0.key.description, JSONValue.array($0.value.sorted().map { .string($0) })) }
        let body: JSONValue = ["device_keys": .object(Dictionary(wanted, uniquingKeysWith: { $1 }))]
        var call = FederationCall(
            .post, to: server, "/_matrix/federation/v1/user/keys/query", body: body.canonicalBytes)
        call.timeout = Self.keyTimeout
        call.maximumBytes = UserKeysAnswer.maximumBytes
        return try await UserKeysAnswer(answer: send(call))
    }

    /// - Parameter devices: the algorithm that is wanted of each device.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysclaim
    package func claimKeys(
        of devices: [UserID: [String: String]], at server: ServerName
    ) async throws -> ClaimedKeysAnswer {
        let wanted = devices.map { ($0.key.description, JSONValue.object($0.value.mapValues { .string($0) })) }
        let body: JSONValue = ["one_time_keys": .object(Dictionary(wanted, uniquingKeysWith: { $1 }))]
        var call = FederationCall(
            .post, to: server, "/_matrix/federation/v1/user/keys/claim", body: body.canonicalBytes)
        call.timeout = Self.keyTimeout
        call.maximumBytes = ClaimedKeysAnswer.maximumBytes
        return try await ClaimedKeysAnswer(answer: send(call))
    }
}
