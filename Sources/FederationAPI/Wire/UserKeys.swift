package import HTTPAPI
package import MatrixCore

/// What a server tells of keys of its users. Nothing of it was looked at but who it is said of.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysquery
package struct UserKeysAnswer: WireReadable {
    /// A user may have a thousand devices, and a client may ask for many users.
    package static let maximumBytes = 32 << 20

    package let devices: [UserID: [(deviceID: String, keys: JSONView)]]
    package let masterKeys: [UserID: JSONView]
    package let selfSigningKeys: [UserID: JSONView]

    package init(_ fields: JSONFields) throws(MatrixError) {
        let users: JSONObjectView = try fields.required("device_keys")
        devices = Self.byUser(users).compactMapValues { view in
            view.object.map { $0.map { (deviceID: $0.key, keys: $0.value) } }
        }
        masterKeys = try fields.optional("master_keys", as: JSONObjectView.self).map(Self.byUser) ?? [:]
        selfSigningKeys = try fields.optional("self_signing_keys", as: JSONObjectView.self).map(Self.byUser) ?? [:]
    }

    fileprivate static func byUser(_ members: JSONObjectView) -> [UserID: JSONView] {
        var users: [UserID: JSONView] = [:]
        for (name, view) in members { if let user = UserID(name) { users[user] = view } }
        return users
    }
}

/// One-time keys that a server gives of its users' devices, by the keys' names. They were not looked at.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysclaim
package struct ClaimedKeysAnswer: WireReadable {
    package static let maximumBytes = 16 << 20

    package let keys: [UserID: [String: JSONObjectView]]

    package init(_ fields: JSONFields) throws(MatrixError) {
        let users: JSONObjectView = try fields.required("one_time_keys")
        keys = UserKeysAnswer.byUser(users).compactMapValues { view in
            guard let devices = view.object else { return nil }
            var keys: [String: JSONObjectView] = [:]
            for (deviceID, view) in devices { if let named = view.object { keys[deviceID] = named } }
            return keys
        }
    }
}
