/// The kinds of push rules, in the order in which they are asked.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#push-rules
package enum PushRuleKind: String, CaseIterable, Hashable, Sendable {
    case override, content, room, sender, underride

    /// The place in the order.
    var position: Int {
        switch self {
        case .override: 0
        case .content: 1
        case .room: 2
        case .sender: 3
        case .underride: 4
        }
    }
}
