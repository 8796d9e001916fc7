package import MatrixCore

/// Checks that what a client calls a filter is one.
///
/// Members that the specification does not name are let through: newer clients send them.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#filtering
package enum FilterDefinition {
    /// A filter, in bytes.
    package static let maxBytes = 65_536

    /// - Throws: `M_BAD_JSON` when a member has the wrong type or is no identifier, `M_TOO_LARGE`.
    package static func check(_ filter: JSONView) throws(MatrixError) {
        guard filter.rawBytes.count <= maxBytes else { throw MatrixError(.tooLarge, "The filter is too large") }
        guard filter.isObject else { throw .badJSON("A filter must be an object") }
        try strings("event_fields", of: filter) { _ in true }
        if let format = filter["event_format"] {
            guard format.stringEquals("client") || format.stringEquals("federation") else {
                throw .badJSON("event_format must be client or federation")
            }
        }
        for name in ["presence", "account_data"] { try eventFilter(name, of: filter) }
        guard let room = filter["room"] else { return }
        guard room.isObject else { throw .badJSON("room must be an object") }
        try rooms(of: room)
        try flag("include_leave", of: room)
        for name in ["ephemeral", "state", "timeline", "account_data"] { try roomEventFilter(name, of: room) }
    }

    /// Checks what goes by the name of RoomEventFilter, as messages and context take it by itself.
    package static func check(roomEventFilter filter: JSONView) throws(MatrixError) {
        try eventFilter(filter, named: "filter")
        try rooms(of: filter)
        for name in ["lazy_load_members", "include_redundant_members", "contains_url", "unread_thread_notifications"] {
            try flag(name, of: filter)
        }
    }

    private static func roomEventFilter(_ name: String, of parent: JSONView) throws(MatrixError) {
        guard let filter = parent[name] else { return }
        guard filter.isObject else { throw .badJSON("\(name) must be an object") }
        try check(roomEventFilter: filter)
    }

    private static func eventFilter(_ name: String, of parent: JSONView) throws(MatrixError) {
        guard let filter = parent[name] else { return }
        try eventFilter(filter, named: name)
    }

    private static func eventFilter(_ filter: JSONView, named name: String) throws(MatrixError) {
        guard filter.isObject else { throw .badJSON("\(name) must be an object") }
        if let limit = filter["limit"] {
            // The specification says above 0; clients that want no events say 0.
            guard let number = limit.int, number >= 0 else { throw .badJSON("limit must be a positive integer") }
        }
        for name in ["types", "not_types"] { try strings(name, of: filter) { _ in true } }
        for name in ["senders", "not_senders"] { try strings(name, of: filter) { UserID($0) != nil } }
    }

    private static func rooms(of filter: JSONView) throws(MatrixError) {
        for name in ["rooms", "not_rooms"] { try strings(name, of: filter) { RoomID($0) != nil } }
    }

    private static func flag(_ name: String, of filter: JSONView) throws(MatrixError) {
        guard let value = filter[name], !value.isBool else { return }
        throw .badJSON("\(name) must be true or false")
    }

    private static func strings(
        _ name: String, of filter: JSONView, where isValid: (String) -> Bool
    ) throws(MatrixError) {
        guard let list = filter[name] else { return }
        guard let elements = list.array else { throw .badJSON("\(name) must be a list") }
        for element in elements {
            guard let text = element.string, isValid(text) else {
                throw .badJSON("\(name) has an element that it cannot have")
            }
        }
    }
}
