package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tags a room for the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag
/// - Errors: 403 `M_FORBIDDEN`; 400 `M_BAD_JSON` for an order that is none.
package enum SetRoomTag: Endpoint {
    package static let route = Route("setRoomTag", .put, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}")

    package struct Request: RequestDecodable {
        let target: TagRequest
        let value: JSONValue

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            target = try TagRequest(from: input)
            value = try input.body().root.value()
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        let target = request.target
        try target.check(caller)
        try await services.tags.set(target.tag, to: request.value, in: target.roomID, of: caller.userNID)
        return EmptyObject()
    }
}
