package import HTTPAPI

/// The events of one type that relate to an event in one way.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype
/// - Errors: 404 `M_NOT_FOUND`, whether there is no such event or it may not be seen; 400 `M_INVALID_PARAM` for a token of
///   nobody's.
package enum GetRelatingEventsWithRelTypeAndEventType: Endpoint {
    package static let route = Route(
        "getRelatingEventsWithRelTypeAndEventType", .get,
        "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}", guests: true)

    package typealias Request = RelationsRequest

    package static func handle(
        _ request: RelationsRequest, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> RelationsResponse {
        try await services.relations(request, for: caller)
    }
}
