/// The redaction algorithm: what is left of an event when its content has to go. Signatures and event ids are over what
/// it leaves, so a redacted event can still be verified.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#redactions
package struct EventRedaction: Sendable {
    private static let keptKeys: Set<String> = [
        "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth", "prev_events",
        "auth_events", "origin_server_ts",
    ]
    private static let historicalKeys: Set<String> = ["origin", "membership", "prev_state"]

    private let rules: RedactionRules

    package init(version: RoomVersion) {
        rules = version.redaction
    }

    /// What is left of an event.
    ///
    /// - Parameters:
    ///   - event: an event in canonical JSON: values are copied as they stand, in the order in which they stand.
    ///   - excluded: members to leave out even if the algorithm keeps them.
    /// - Returns: canonical JSON.
    package func redact(_ event: JSONView, without excluded: [String] = []) -> [UInt8] {
        let type = event["type"]?.string ?? ""
        var writer = JSONWriter(reservingCapacity: min(event.rawBytes.count, 2_048))
        writer.object {
            guard let members = event.object else { return }
            for (key, value) in members where keeps(key) && !excluded.contains(key) {
                if key == "content" {
                    $0.key(key)
                    write(content: value, of: type, to: &$0)
                } else {
                    $0.field(key, value)
                }
            }
        }
        return writer.bytes
    }

    private func keeps(_ key: String) -> Bool {
        Self.keptKeys.contains(key) || (rules.keepsHistoricalKeys && Self.historicalKeys.contains(key))
    }

    private func write(content: JSONView, of type: String, to writer: inout JSONWriter) {
        // v11: the create event keeps all of its content.
        if type == EventType.create, rules.keepsVersion11Content { return writer.value(content) }
        let kept = contentKeys(of: type)
        writer.object {
            guard let members = content.object else { return }
            for (key, value) in members {
                if kept.contains(key) {
                    $0.field(key, value)
                } else if key == "third_party_invite", type == EventType.member, rules.keepsVersion11Content,
                    value.isObject
                {
                    // v11: only `signed` of it.
                    $0.key(key)
                    $0.object { $0.field(optional: "signed", value["signed"]) }
                }
            }
        }
    }

    private func contentKeys(of type: String) -> [String] {
        switch type {
        case EventType.member:
            rules.keepsAuthorisingUser ? ["membership", "join_authorised_via_users_server"] : ["membership"]
        case EventType.create: ["creator"]
        case EventType.joinRules: rules.keepsJoinRuleAllow ? ["join_rule", "allow"] : ["join_rule"]
        case EventType.powerLevels:
            ["ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"]
                + (rules.keepsVersion11Content ? ["invite"] : [])
        case EventType.historyVisibility: ["history_visibility"]
        case EventType.aliases: rules.keepsAliases ? ["aliases"] : []
        case EventType.redaction: rules.keepsVersion11Content ? ["redacts"] : []
        default: []
        }
    }
}
