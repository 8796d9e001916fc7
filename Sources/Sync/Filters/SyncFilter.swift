package import MatrixCore
package import Rooms

/// What a client wants of a sync, and in which form.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#filtering
package struct SyncFilter: Sendable {
    package enum Format: Sendable {
        case client, federation
    }

    package var format = Format.client
    package var fields: EventFieldSelection?
    package var accountData = RoomEventFilter()
    package var presence = RoomEventFilter()
    /// For the filters' rooms; the rest of it means nothing here.
    package var rooms = RoomEventFilter()
    package var includesLeft = false
    package var timeline = RoomEventFilter()
    package var state = RoomEventFilter()
    package var ephemeral = RoomEventFilter()
    package var roomAccountData = RoomEventFilter()

    package init() {}

    /// - Throws: `MalformedFilter` with the name of the member that is not what the specification says.
    package init(_ json: JSONView) throws(MalformedFilter) {
        guard json.isObject else { throw MalformedFilter(member: "filter") }
        let reader = FilterReader(json)
        if let format = json["event_format"], !format.isNull {
            if format.stringEquals("federation") {
                self.format = .federation
            } else if !format.stringEquals("client") {
                throw MalformedFilter(member: "event_format")
            }
        }
        fields = try reader.strings("event_fields").map { EventFieldSelection($0) }
        accountData = try Self.filter("account_data", of: reader)
        presence = try Self.filter("presence", of: reader)
        guard let room = try reader.object("room") else { return }
        rooms = try RoomEventFilter(room)
        let roomReader = FilterReader(room)
        includesLeft = try roomReader.bool("include_leave") ?? false
        timeline = try Self.filter("timeline", of: roomReader)
        state = try Self.filter("state", of: roomReader)
        ephemeral = try Self.filter("ephemeral", of: roomReader)
        roomAccountData = try Self.filter("account_data", of: roomReader)
    }

    private static func filter(_ name: String, of reader: FilterReader) throws(MalformedFilter) -> RoomEventFilter {
        guard let json = try reader.object(name) else { return RoomEventFilter() }
        return try RoomEventFilter(json)
    }
}
