import MatrixCore
import Storage

extension MemberProfile {
    /// The content of a member event.
    func content(_ membership: Membership) -> [String: JSONValue] {
        var content: [String: JSONValue] = ["membership": .string(membership.rawValue)]
        if let displayName { content["displayname"] = .string(displayName) }
        if let avatarURL { content["avatar_url"] = .string(avatarURL) }
        return content
    }
}
