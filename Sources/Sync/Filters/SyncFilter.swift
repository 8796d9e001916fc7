package import MatrixCore
package import Rooms

/// What a client wants of a sync, and in which form.
///
/// It goes through every step of a sync and never changes; so it is one object, which costs nothing to hand on.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#filtering
package final class SyncFilter: Sendable {
    package enum Format: Sendable {
        case client, federation
    }

    package let format: Format
    package let fields: EventFieldSelection?
    package let accountData: RoomEventFilter
    package let presence: RoomEventFilter
    /// For the filters' rooms; the rest of it means nothing here.
    package let rooms: RoomEventFilter
    package let includesLeft: Bool
    package let timeline: RoomEventFilter
    package let state: RoomEventFilter
    package let ephemeral: RoomEventFilter
    package let roomAccountData: RoomEventFilter

    /// Leaves nothing out.
    package init() {
        let all = RoomEventFilter()
        (format, fields, includesLeft) = (.client, nil, false)
        (accountData, presence, rooms, roomAccountData) = (all, all, all, all)
        (timeline, state, ephemeral) = (all, all, all)
    }

    /// - Throws: `MalformedFilter` with the name of the member that is not what the specification says.
    package init(_ json: JSONView) throws(MalformedFilter) {
        guard json.isObject else { throw MalformedFilter(member: "filter") }
        let reader = FilterReader(json)
        format = try Self.format(json)
        fields = try reader.strings("event_fields").map { EventFieldSelection($0) }
        accountData = try Self.filter("account_data", of: reader)
        presence = try Self.filter("presence", of: reader)
        guard let room = try reader.object("room") else {
            let all = RoomEventFilter()
            (rooms, roomAccountData, includesLeft) = (all, all, false)
            (timeline, state, ephemeral) = (all, all, all)
            return
        }
        rooms = try RoomEventFilter(room)
        let roomReader = FilterReader(room)
        includesLeft = try roomReader.bool("include_leave") ?? false
        timeline = try Self.filter("timeline", of: roomReader)
        state = try Self.filter("state", of: roomReader)
        ephemeral = try Self.filter("ephemeral", of: roomReader)
        roomAccountData = try Self.filter("account_data", of: roomReader)
    }

    private static func format(_ json: JSONView) throws(MalformedFilter) -> Format {
        guard let format = json["event_format"], !format.isNull, !format.stringEquals("client") else { return .client }
        guard format.stringEquals("federation") else { throw MalformedFilter(member: "event_format") }
        return .federation
    }

    private static func filter(_ name: String, of reader: FilterReader) throws(MalformedFilter) -> RoomEventFilter {
        guard let json = try reader.object(name) else { return RoomEventFilter() }
        return try RoomEventFilter(json)
    }
}
