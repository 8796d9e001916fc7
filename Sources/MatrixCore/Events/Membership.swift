/// What a member event says about its user.
package enum Membership: String, Hashable, Sendable, CaseIterable {
    case join, invite, leave, ban, knock

    /// Reads `membership` of the content of a member event; `nil` when it is missing or unknown.
    package init?(content: JSONView) {
        guard let text = content["membership"]?.string else { return nil }
        self.init(rawValue: text)
    }
}
