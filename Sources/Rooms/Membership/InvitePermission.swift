package import MatrixCore

/// From whom a user takes invites, by what they have set.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#invite-permission, and MSC4155 under its own name
package struct InvitePermission: Sendable {
    package enum Decision: Sendable, Equatable {
        case allow
        /// The invite is taken and the user is not told of it.
        case ignore
        /// Whoever invites is told that they cannot.
        case block
    }

    /// The types of account data that say so, that of the specification first.
    static let types = ["m.invite_permission_config", "org.matrix.msc4155.invite_permission_config"]
    /// Patterns of one list that are looked at.
    private static let maxPatterns = 1_000

    package static let everybody = InvitePermission(contents: [])

    private let configurations: [Configuration]

    /// - Parameter contents: of the account data, JSON objects.
    package init(contents: [[UInt8]]) {
        configurations = contents.compactMap { content in
            (try? JSONDocument(parsing: content)).flatMap { Configuration($0.root) }
        }
    }

    /// The first configuration that does not allow it decides.
    package func decision(on inviter: UserID) -> Decision {
        for configuration in configurations {
            let decision = configuration.decision(on: inviter)
            if decision != .allow { return decision }
        }
        return .allow
    }

    /// Whether nobody's invites are kept from the user.
    package var showsAll: Bool { configurations.isEmpty }

    /// Whether the user is told of an invite.
    package func shows(inviteFrom inviter: UserID) -> Bool { decision(on: inviter) == .allow }

    private struct Configuration: Sendable {
        let blocksAll: Bool
        /// In the order in which they decide.
        let lists: [(decision: Decision, isOfServers: Bool, patterns: [Glob])]

        /// - Returns: `nil` when it says nothing, or is not as it should be: then everybody may invite.
        init?(_ content: JSONView) {
            blocksAll = content["default_action"]?.stringEquals("block") == true
            if let enabled = content["enabled"], enabled.bool != true {
                // Switched off, or no flag at all.
                guard blocksAll else { return nil }
                lists = []
                return
            }
            let names: [(String, Decision, Bool)] = [
                ("allowed_users", .allow, false), ("ignored_users", .ignore, false), ("blocked_users", .block, false),
                ("allowed_servers", .allow, true), ("ignored_servers", .ignore, true),
                ("blocked_servers", .block, true),
            ]
            var lists: [(Decision, Bool, [Glob])] = []
            var isValid = true
            for (name, decision, isOfServers) in names {
                guard let list = content[name] else { continue }
                guard let entries = list.array, entries.allSatisfy(\.isString) else {
                    isValid = false
                    break
                }
                let patterns = entries.prefix(InvitePermission.maxPatterns).compactMap { entry in
                    entry.string.flatMap { Glob($0) }
                }
                if !patterns.isEmpty { lists.append((decision, isOfServers, patterns)) }
            }
            self.lists = isValid ? lists : []
            if !blocksAll, self.lists.isEmpty { return nil }
        }

        func decision(on inviter: UserID) -> Decision {
            if blocksAll { return .block }
            let (user, server) = (inviter.description, inviter.serverName.host)
            for list in lists where list.patterns.contains(where: { $0.matches(list.isOfServers ? server : user) }) {
                return list.decision
            }
            return .allow
        }
    }
}
