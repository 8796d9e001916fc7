/// The place of a property in an event: `content.body`, `content.m\.relates_to.rel_type`.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths
package struct PropertyPath: Hashable, Sendable {
    package let text: String
    package let names: [String]
    /// Where a reader of many paths may keep this one's property, for the paths that the default rules read.
    let slot: Int?

    /// The paths that nearly every rule reads.
    private static let common: [String] = [
        "type", "state_key", "sender", "room_id", "content.body", "content.msgtype", "content.membership",
        #"content.m\.mentions.user_ids"#, #"content.m\.mentions.room"#, #"content.m\.relates_to.rel_type"#,
    ]
    static var slotCount: Int { common.count }

    package init(_ text: String) {
        self.text = text
        slot = Self.common.firstIndex(of: text)
        var names: [String] = [""]
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                // Only dots and backslashes are escaped; other backslashes stand for themselves.
                if scalar != ".", scalar != "\\" { names[names.count - 1].unicodeScalars.append("\\") }
                names[names.count - 1].unicodeScalars.append(scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "." {
                names.append("")
            } else {
                names[names.count - 1].unicodeScalars.append(scalar)
            }
        }
        if isEscaped { names[names.count - 1].unicodeScalars.append("\\") }
        self.names = names
    }

    /// The property's value, when the event has it.
    ///
    /// - Parameter steps: grows by the number of members among which it was looked for.
    package func value(in event: JSONView, steps: inout Int) -> JSONView? {
        var value = event
        for name in names {
            steps += value.count
            guard let member = value[name] else { return nil }
            value = member
        }
        return value
    }
}
