import Federation
import HTTPAPI
import MatrixCore

/// Somebody who is to be invited by an address, and the identity server that may know them.
struct ThirdPartyInvitation: Sendable {
    let address: ThirdPartyAddress
    let directory: ThirdPartyInvites.Directory

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite
    init(_ fields: JSONFields) throws(MatrixError) {
        let (medium, address): (String, String) = (try fields.required("medium"), try fields.required("address"))
        guard let known = ThirdPartyAddress(medium: medium, address: address) else {
            throw .invalidParam("There is no such address")
        }
        self.address = known
        directory = ThirdPartyInvites.Directory(
            server: try fields.required("id_server") { ServerName($0) }, token: try fields.required("id_access_token"))
    }

    /// Those of a list; empty when absent.
    static func list(_ fields: JSONFields, _ name: String) throws(MatrixError) -> [ThirdPartyInvitation] {
        guard let view: JSONView = try fields.optional(name) else { return [] }
        guard let entries = view.array else { throw .badJSON("\(name) must be a list") }
        var list: [ThirdPartyInvitation] = []
        for entry in entries { list.append(try ThirdPartyInvitation(JSONFields(of: entry, named: name))) }
        return list
    }
}
