import MatrixCore

/// What a member event says of its user.
package struct MemberProfile: Sendable, Hashable {
    package var displayName: String?
    package var avatarURL: String?

    package init(displayName: String? = nil, avatarURL: String? = nil) {
        self.displayName = displayName
        self.avatarURL = avatarURL
    }

    func content(_ membership: Membership) -> [String: JSONValue] {
        var content: [String: JSONValue] = ["membership": .string(membership.rawValue)]
        if let displayName { content["displayname"] = .string(displayName) }
        if let avatarURL { content["avatar_url"] = .string(avatarURL) }
        return content
    }
}
