package import MatrixCore

/// A field of a profile.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname
package struct ProfileField: Hashable, Sendable {
    /// In bytes. A member event must have room for them.
    private static let maxDisplayNameBytes = 1024
    private static let maxAvatarBytes = 1024
    private static let maxNameBytes = 255

    package let name: String

    package static let displayName = ProfileField(known: "displayname")
    package static let avatarURL = ProfileField(known: "avatar_url")

    private init(known name: String) { self.name = name }

    /// - Throws: `M_KEY_TOO_LARGE`, or `M_INVALID_PARAM` when it is neither a field of the specification nor follows the
    ///   grammar for others.
    package init(_ name: String) throws(MatrixError) {
        guard name.utf8.count <= Self.maxNameBytes else {
            throw MatrixError(.keyTooLarge, "The field's name is longer than 255 bytes")
        }
        guard name == Self.avatarURL.name || OpaqueIdentifier.isNamespaced(name) else {
            throw .invalidParam("Invalid profile key")
        }
        self.name = name
    }

    /// Whether member events have it.
    var isMemberField: Bool { self == .displayName || self == .avatarURL }

    /// - Throws: `M_BAD_JSON` when the value has the wrong type, `M_INVALID_PARAM` when it cannot be one.
    func check(_ value: JSONView) throws(MatrixError) {
        switch self {
        case .displayName:
            guard value.isString else { throw .badJSON("displayname must be a string") }
            guard value.stringByteCount <= Self.maxDisplayNameBytes else { throw .invalidParam("The name is too long") }
        case .avatarURL:
            guard let text = value.string else { throw .badJSON("avatar_url must be a string") }
            guard text.isEmpty || (text.utf8.count <= Self.maxAvatarBytes && MXCURI(text) != nil) else {
                throw .invalidParam("avatar_url must be an mxc:// URI")
            }
        default:
            if name == "m.tz", !value.isString { throw .badJSON("m.tz must be a string") }
        }
    }
}
