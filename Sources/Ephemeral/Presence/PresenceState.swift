package import MatrixCore

/// Whether somebody is there.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#presence
package enum PresenceState: String, Sendable, Hashable, Comparable, CaseIterable {
    case offline
    case unavailable
    case online

    /// Of several devices the one counts that says most.
    package static func < (left: PresenceState, right: PresenceState) -> Bool { left.rank < right.rank }

    /// The number on the wire between workers, for ever.
    var rank: UInt8 {
        switch self {
        case .offline: 0
        case .unavailable: 1
        case .online: 2
        }
    }

    init?(rank: UInt8) {
        guard let state = Self.allCases.first(where: { $0.rank == rank }) else { return nil }
        self = state
    }
}

/// Somebody's presence as others are shown it.
package struct PresenceStatus: Sendable, Hashable {
    package let userID: UserID
    package var state = PresenceState.offline
    /// Since the user last did something; `nil` when nobody here has seen that.
    package var lastActiveAgo: Duration?
    package var isCurrentlyActive = false
    package var message: String?

    package init(userID: UserID) { self.userID = userID }

    /// Writes the members of the content of an `m.presence` event, or of an answer about somebody's presence.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mpresence
    package func write(members writer: inout JSONWriter) {
        writer.field("presence", state.rawValue)
        writer.field(optional: "last_active_ago", lastActiveAgo.map { Int64($0 / .milliseconds(1)) })
        writer.field(optional: "status_msg", message)
        if state == .online { writer.field("currently_active", isCurrentlyActive) }
    }

    /// The `m.presence` event.
    package var event: [UInt8] {
        JSONWriter.write { writer in
            writer.object { writer in
                writer.field("type", "m.presence")
                writer.field("sender", userID)
                writer.key("content")
                writer.object { write(members: &$0) }
            }
        }
    }
}
