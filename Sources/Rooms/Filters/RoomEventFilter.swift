package import MatrixCore

/// Which events of rooms a client wants: `RoomEventFilter` and `StateFilter` of the specification.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#filtering
package struct RoomEventFilter: Sendable {
    package var limit: Int?
    package var types: [EventTypePattern]?
    package var notTypes: [EventTypePattern] = []
    package var senders: Set<String>?
    package var notSenders: Set<String> = []
    package var rooms: Set<String>?
    package var notRooms: Set<String> = []
    package var containsURL: Bool?
    package var lazyLoadsMembers = false
    package var includesRedundantMembers = false
    package var unreadThreadNotifications = false

    package init() {}

    /// - Throws: the name of the member that is not what the specification says.
    package init(_ json: JSONView) throws(MalformedFilter) {
        guard json.isObject else { throw MalformedFilter(member: "filter") }
        let reader = FilterReader(json)
        limit = try reader.int("limit")
        types = try reader.strings("types")?.map { EventTypePattern($0) }
        notTypes = (try reader.strings("not_types") ?? []).map { EventTypePattern($0) }
        senders = try reader.strings("senders").map { Set($0) }
        notSenders = Set(try reader.strings("not_senders") ?? [])
        rooms = try reader.strings("rooms").map { Set($0) }
        notRooms = Set(try reader.strings("not_rooms") ?? [])
        containsURL = try reader.bool("contains_url")
        lazyLoadsMembers = try reader.bool("lazy_load_members") ?? false
        includesRedundantMembers = try reader.bool("include_redundant_members") ?? false
        unreadThreadNotifications = try reader.bool("unread_thread_notifications") ?? false
    }

    /// Whether it may leave out an event, whatever the limit.
    package var isSelective: Bool {
        types != nil || senders != nil || rooms != nil || containsURL != nil
            || !(notTypes.isEmpty && notSenders.isEmpty && notRooms.isEmpty)
    }

    package func includes(room: RoomID) -> Bool {
        if notRooms.contains(room.description) { return false }
        return rooms?.contains(room.description) ?? true
    }

    package func includes(type: String) -> Bool {
        if notTypes.contains(where: { $0.matches(type) }) { return false }
        return types?.contains { $0.matches(type) } ?? true
    }

    package func includes(sender: UserID) -> Bool {
        if notSenders.contains(sender.description) { return false }
        return senders?.contains(sender.description) ?? true
    }

    package func includes(_ event: Event) -> Bool {
        guard includes(type: event.type), includes(sender: event.sender) else { return false }
        if let containsURL, containsURL != (event.content["url"]?.isString ?? false) { return false }
        return true
    }
}

/// An event type of a filter, in which `*` stands for any characters.
package struct EventTypePattern: Sendable, Hashable {
    /// What stands between the stars. Several stars in a row are one, so only the first and the last may be empty.
    private let pieces: [[UInt8]]

    package init(_ pattern: String) {
        let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
        pieces = parts.enumerated()
            .filter { $0.offset == 0 || $0.offset == parts.count - 1 || !$0.element.isEmpty }.map(\.element)
    }

    /// Cost: the length of the type times that of the pieces, at most: each is looked for once, from the left.
    package func matches(_ type: String) -> Bool {
        let bytes = Array(type.utf8)
        guard let first = pieces.first, let last = pieces.last else { return false }
        if pieces.count == 1 { return bytes == first }
        guard bytes.count >= first.count + last.count, bytes.starts(with: first),
            bytes.suffix(last.count).elementsEqual(last)
        else { return false }
        var rest = bytes[first.count..<(bytes.count - last.count)]
        for piece in pieces.dropFirst().dropLast() {
            guard let end = Self.end(of: piece, in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private static func end(of piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= piece.count else { return nil }
        for start in bytes.startIndex...(bytes.endIndex - piece.count)
        where bytes[start..<start + piece.count].elementsEqual(piece) {
            return start + piece.count
        }
        return nil
    }
}

/// A member of a filter that has not the type that the specification gives it.
package struct MalformedFilter: Error, Sendable {
    package let member: String

    package init(member: String) { self.member = member }
}

/// Reads the members of a filter; absent and null ones are `nil`.
package struct FilterReader {
    /// Entries of one list.
    private static let maxEntries = 1_000

    private let json: JSONView

    package init(_ json: JSONView) { self.json = json }

    package func int(_ name: String) throws(MalformedFilter) -> Int? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let number = value.int, number >= 0 else { throw MalformedFilter(member: name) }
        return Int(min(number, 1_000_000))
    }

    package func bool(_ name: String) throws(MalformedFilter) -> Bool? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let flag = value.bool else { throw MalformedFilter(member: name) }
        return flag
    }

    package func strings(_ name: String) throws(MalformedFilter) -> [String]? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let array = value.array, array.count <= Self.maxEntries else { throw MalformedFilter(member: name) }
        var strings: [String] = []
        for element in array {
            guard let string = element.string else { throw MalformedFilter(member: name) }
            strings.append(string)
        }
        return strings
    }

    package func object(_ name: String) throws(MalformedFilter) -> JSONView? {
        guard let value = json[name], !value.isNull else { return nil }
        guard value.isObject else { throw MalformedFilter(member: name) }
        return value
    }
}
