import Cluster
import MatrixCore
import Storage

/// The bytes of what a connection has been told: LEB128 numbers, rooms and members in order as differences.
enum ConnectionCoding {
    struct Malformed: Error {}

    private static let format: Int64 = 1
    private static let maxTextBytes: Int64 = 255

    // MARK: A whole state

    static func encode(configs: [RequiredStates], rooms: [RoomNID: ToldRoom]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rooms.count * 12 + 64)
        append(format, to: &bytes)
        append(configs, to: &bytes)
        append(rooms, over: [:], to: &bytes)
        return bytes
    }

    static func decode(
        _ bytes: [UInt8]
    ) throws(Malformed) -> (configs: [RequiredStates], rooms: [RoomNID: ToldRoom]) {
        var rest = bytes[...]
        guard try number(&rest) == format else { throw Malformed() }
        let configs = try self.configs(&rest)
        let rooms = try self.rooms(&rest, over: [:])
        guard rest.isEmpty else { throw Malformed() }
        return (configs, rooms)
    }

    // MARK: What came after it

    static func encodeChanges(of state: ConnectionState) -> [UInt8] {
        var bytes: [UInt8] = []
        append(state.accountData, to: &bytes)
        append(state.threads, to: &bytes)
        append(state.deviceLists, to: &bytes)
        append(Array(state.configs.dropFirst(state.base.configs.count)), to: &bytes)
        append(state.changed, over: state.base.rooms, to: &bytes)
        return bytes
    }

    static func decodeChanges(_ bytes: [UInt8], over base: StoredConnectionState) throws(Malformed) -> ConnectionState {
        var rest = bytes[...]
        var state = ConnectionState(base: base)
        state.accountData = try extent(&rest)
        state.threads = try extent(&rest)
        state.deviceLists = try lists(&rest)
        let configs = try self.configs(&rest)
        state.note(newConfigs: configs, rooms: try rooms(&rest, over: base.rooms))
        guard rest.isEmpty, state.configs.count <= ConnectionState.maxConfigs else { throw Malformed() }
        return state
    }

    // MARK: Rooms

    private static func append(
        _ rooms: [RoomNID: ToldRoom], over base: [RoomNID: ToldRoom], to bytes: inout [UInt8]
    ) {
        append(Int64(rooms.count), to: &bytes)
        var before: Int64 = 0
        for (nid, room) in rooms.sorted(by: { $0.key < $1.key }) {
            append(nid.rawValue - before, to: &bytes)
            before = nid.rawValue
            append(room, over: base[nid], to: &bytes)
        }
    }

    private static func append(_ room: ToldRoom, over base: ToldRoom?, to bytes: inout [UInt8]) {
        append(Int64(room.kind.rawValue) << 1 | (room.isDirect ? 1 : 0), to: &bytes)
        append(Int64(room.config), to: &bytes)
        append(Int64(room.timeline), to: &bytes)
        append(room.kind == .inside ? room.events : .upTo(room.standing), to: &bytes)
        append(room.accountData, to: &bytes)
        append(room.receipts, to: &bytes)
        // Members are mostly added; a room that was told anew has others than before.
        let known = base.map { base in base.members.allSatisfy { room.knows($0) } } ?? false
        let members = known ? room.members.filter { base?.knows($0) != true } : room.members
        append(Int64(members.count) << 1 | (known ? 1 : 0), to: &bytes)
        var before: Int64 = 0
        for member in members {
            append(member.rawValue - before, to: &bytes)
            before = member.rawValue
        }
    }

    private static func rooms(
        _ rest: inout ArraySlice<UInt8>, over base: [RoomNID: ToldRoom]
    ) throws(Malformed) -> [RoomNID: ToldRoom] {
        let count = try self.count(&rest)
        var rooms: [RoomNID: ToldRoom] = [:]
        rooms.reserveCapacity(count)
        var nid: Int64 = 0
        for _ in 0..<count {
            nid = try sum(nid, number(&rest))
            rooms[RoomNID(nid)] = try room(&rest, over: base[RoomNID(nid)])
        }
        return rooms
    }

    private static func room(_ rest: inout ArraySlice<UInt8>, over base: ToldRoom?) throws(Malformed) -> ToldRoom {
        let form = try number(&rest)
        guard let kind = UInt8(exactly: form >> 1).flatMap(ToldRoom.Kind.init) else { throw Malformed() }
        let config = try number(&rest)
        let timeline = try number(&rest)
        guard config <= Int64(ConnectionState.maxConfigs), timeline <= Int64(ToldRoom.wholeTimeline) else {
            throw Malformed()
        }
        var room = ToldRoom(kind: kind, isDirect: form & 1 == 1, config: Int(config), timeline: Int(timeline))
        let extent = try self.extent(&rest)
        switch (kind, extent) {
        case (.inside, .never): throw Malformed()
        case (.inside, _): room.events = extent
        case (_, .upTo(let standing)): room.standing = standing
        case (_, _): throw Malformed()
        }
        room.accountData = try self.extent(&rest)
        room.receipts = try self.extent(&rest)
        let members = try number(&rest)
        guard members >> 1 <= Int64(rest.count) else { throw Malformed() }
        if members & 1 == 1 { room.members = base?.members ?? [] }
        var told: [EventNID] = []
        told.reserveCapacity(Int(members >> 1))
        var nid: Int64 = 0
        for _ in 0..<(members >> 1) {
            nid = try sum(nid, number(&rest))
            told.append(EventNID(nid))
        }
        room.learn(told)
        return room
    }

    /// 0 never, 1 live, or a position and two.
    private static func append(_ extent: ToldRoom.Extent, to bytes: inout [UInt8]) {
        switch extent {
        case .never: append(0, to: &bytes)
        case .live: append(1, to: &bytes)
        case .upTo(let position): append(position + 2, to: &bytes)
        }
    }

    private static func extent(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> ToldRoom.Extent {
        switch try number(&rest) {
        case 0: .never
        case 1: .live
        case let value: .upTo(value - 2)
        }
    }

    // MARK: Device lists

    /// 0 never, 1 live, or the number of shards and two, and a position of each.
    private static func append(_ lists: ToldLists, to bytes: inout [UInt8]) {
        switch lists {
        case .never: append(0, to: &bytes)
        case .live: append(1, to: &bytes)
        case .upTo(let vector):
            append(Int64(vector.shardCount) + 2, to: &bytes)
            for position in vector.positions { append(position, to: &bytes) }
        }
    }

    private static func lists(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> ToldLists {
        switch try number(&rest) {
        case 0: return .never
        case 1: return .live
        case let count:
            guard count - 2 <= rest.count else { throw Malformed() }
            var positions: [Int64] = []
            for _ in 0..<(count - 2) { positions.append(try number(&rest)) }
            return .upTo(LogVector(positions))
        }
    }

    // MARK: Wishes for state

    private static func append(_ configs: [RequiredStates], to bytes: inout [UInt8]) {
        append(Int64(configs.count), to: &bytes)
        for config in configs {
            append(Int64(config.rules.count), to: &bytes)
            for rule in config.rules {
                append(rule.lazyMembers ? 1 : 0, to: &bytes)
                for elements in [rule.include, rule.exclude] {
                    append(Int64(elements.count), to: &bytes)
                    for element in elements {
                        append(element.type, to: &bytes)
                        append(element.stateKey, to: &bytes)
                    }
                }
            }
        }
    }

    private static func configs(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> [RequiredStates] {
        var configs: [RequiredStates] = []
        for _ in 0..<(try count(&rest)) {
            var rules: [RequiredState] = []
            for _ in 0..<(try count(&rest)) {
                let isLazy = try number(&rest) == 1
                let include = try elements(&rest)
                rules.append(RequiredState(include: include, exclude: try elements(&rest), lazyMembers: isLazy))
            }
            configs.append(RequiredStates(rules))
        }
        return configs
    }

    private static func elements(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> [RequiredState.Element] {
        var elements: [RequiredState.Element] = []
        for _ in 0..<(try count(&rest)) {
            let type = try text(&rest)
            elements.append(RequiredState.Element(type: type, stateKey: try text(&rest)))
        }
        return elements
    }

    private static func append(_ text: String?, to bytes: inout [UInt8]) {
        guard let text else { return append(0, to: &bytes) }
        append(Int64(text.utf8.count) + 1, to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> String? {
        let length = try number(&rest)
        if length == 0 { return nil }
        guard length - 1 <= maxTextBytes, length - 1 <= rest.count,
            let text = String(validating: rest.prefix(Int(length - 1)), as: UTF8.self)
        else { throw Malformed() }
        rest = rest.dropFirst(Int(length - 1))
        return text
    }

    // MARK: Numbers

    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        VariableLengthNumber.append(number, to: &bytes)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> Int64 {
        guard let number = VariableLengthNumber.next(&rest) else { throw Malformed() }
        return number
    }

    /// The number of things that follow. Each takes a byte at least: so a false count reserves no memory.
    private static func count(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> Int {
        let count = try number(&rest)
        guard count <= rest.count else { throw Malformed() }
        return Int(count)
    }

    private static func sum(_ left: Int64, _ right: Int64) throws(Malformed) -> Int64 {
        let (sum, isTooMuch) = left.addingReportingOverflow(right)
        guard !isTooMuch else { throw Malformed() }
        return sum
    }
}
