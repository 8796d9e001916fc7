package import MatrixCore

extension FederationClient {
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1timestamp_to_eventroomid
    package func event(
        in roomID: RoomID, at milliseconds: Int64, isForwards: Bool, from server: ServerName
    ) async throws -> EventAtTime {
        try await EventAtTime(
            answer: send(
                FederationCall(
                    .get, to: server, "/_matrix/federation/v1/timestamp_to_event", [roomID.description],
                    query: [("ts", String(milliseconds)), ("dir", isForwards ? "f" : "b")])))
    }
}
