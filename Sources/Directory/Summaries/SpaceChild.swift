package import MatrixCore

/// A room that a space says is in it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mspacechild
package struct SpaceChild: Sendable {
    private static let maxServers = 20
    private static let maxOrderBytes = 50
    /// Of the content, as it is told: enough for all that the specification has in it.
    private static let maxContentBytes = 2_048

    package let roomID: RoomID
    /// Servers that may know the room; there is one at least.
    package let servers: [ServerName]
    package let isSuggested: Bool
    /// As stripped state with its time, a JSON object.
    package private(set) var json: [UInt8]
    private let order: String?
    private let time: Int64

    /// - Returns: `nil` for what is no link to a room, or is one no more.
    package init?(stateKey: String?, sender: String, time: Int64, content: JSONView) {
        guard let stateKey, let roomID = RoomID(stateKey), let via = content["via"]?.array else { return nil }
        let servers = via.prefix(Self.maxServers).compactMap { $0.string.flatMap { ServerName($0) } }
        guard !servers.isEmpty else { return nil }
        self.roomID = roomID
        self.servers = servers
        self.time = time
        isSuggested = content["suggested"]?.bool ?? false
        let order = content["order"]?.string
        self.order = order.flatMap { Self.isValid(order: $0) ? $0 : nil }
        json = []
        json = JSONWriter.write {
            $0.object {
                $0.key("content")
                writeContent(content, to: &$0)
                $0.field("origin_server_ts", time)
                $0.field("sender", sender)
                $0.field("state_key", stateKey)
                $0.field("type", EventType.spaceChild)
            }
        }
    }

    /// The content as it is, or what is known of it when it is larger than any could be: a space has thousands of children.
    private func writeContent(_ content: JSONView, to json: inout JSONWriter) {
        guard content.rawBytes.count > Self.maxContentBytes else { return json.value(content) }
        json.object {
            $0.field(optional: "order", order)
            $0.field("suggested", isSuggested)
            $0.field("via", strings: servers.map(\.description))
        }
    }

    /// What another server tells of a child.
    package init?(told json: JSONView) {
        guard json["type"]?.stringEquals(EventType.spaceChild) == true, let time = json["origin_server_ts"]?.int,
            let sender = json["sender"]?.string.flatMap({ UserID($0) }), let content = json["content"],
            content.isObject
        else { return nil }
        self.init(stateKey: json["state_key"]?.string, sender: sender.description, time: time, content: content)
    }

    private static func isValid(order: String) -> Bool {
        order.utf8.count <= maxOrderBytes && order.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// The order in which children are shown: by `order`, those without one after them; then by time; then by id.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#ordering-of-children-within-a-space
    package static func comesBefore(_ left: SpaceChild, _ right: SpaceChild) -> Bool {
        switch (left.order, right.order) {
        case (let order?, let other?) where order != other: order.utf8.lexicographicallyPrecedes(other.utf8)
        case (.some, nil): true
        case (nil, .some): false
        default: (left.time, left.roomID) < (right.time, right.roomID)
        }
    }
}
