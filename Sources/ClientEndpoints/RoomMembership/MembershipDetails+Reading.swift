import HTTPAPI
import MatrixCore
import NIOCore
import Rooms

extension RoomService.MembershipDetails {
    /// What in a request to join or to knock is for the server, or would say what is not the client's to say.
    private static let reserved: Set<String> = [
        "reason", "membership", "third_party_signed", "third_party_invite", "join_authorised_via_users_server",
    ]

    /// Reads the reason and, as clients have come to rely on, whatever else the member event is to say. What is in the user's
    /// profile the client cannot say otherwise here.
    init(entering input: borrowing RequestInput) throws(MatrixError) {
        self.init(reason: try input.body(optional: "reason"))
        guard input.bodyBytes.readableBytes > 0, let members = try input.body().root.object else { return }
        for (key, value) in members where !Self.reserved.contains(key) { extra[key] = value.value() }
    }

    func of(_ caller: LocalUser) -> Self {
        var details = self
        details.isGuest = caller.isGuest
        return details
    }
}
