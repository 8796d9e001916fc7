import HTTPAPI
import MatrixCore
import Sync

/// Reads what a client asks of a sliding sync, in either form.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
struct SlidingRequestReader {
    private static let everything = "*"
    private static let lazy = "$LAZY"
    /// Types and state keys.
    private static let maxTextBytes = 255

    let dialect: SlidingRequest.Dialect

    func content(_ body: JSONFields) throws(MatrixError) -> SlidingRequest.Content {
        var content = SlidingRequest.Content()
        if let lists: JSONObjectView = try body.optional("lists") {
            guard lists.count <= SlidingRequest.maxLists else { throw .invalidParam("there are too many lists") }
            for (name, value) in lists {
                guard name.utf8.count <= SlidingRequest.maxListNameBytes else {
                    throw .invalidParam("the name of a list is too long")
                }
                content.lists[name] = try list(JSONFields(of: value, named: "lists.\(name)"))
            }
        }
        if let rooms: JSONObjectView = try body.optional("room_subscriptions") {
            guard rooms.count <= SlidingRequest.maxSubscriptions else {
                throw .invalidParam("there are too many room_subscriptions")
            }
            for (name, value) in rooms {
                let config = try config(JSONFields(of: value, named: "room_subscriptions.\(name)"))
                // What is no room is passed over, as a room that there is not.
                if let room = RoomID(name) { content.subscriptions[room] = config }
            }
        }
        if let extensions = try body.object("extensions") { content.extensions = try self.extensions(extensions) }
        return content
    }

    private func list(_ fields: JSONFields) throws(MatrixError) -> SlidingRequest.List {
        var list = SlidingRequest.List(config: try config(fields))
        if let filters = try fields.object("filters") { list.filter = try filter(filters) }
        switch dialect {
        case .stable:
            if let range: [Int64] = try fields.optional("range") { list.ranges = [try Self.range(range)] }
        case .unstable:
            guard try fields.optional("slow_get_all_rooms") != true else { break }
            guard let ranges: [[Int64]] = try fields.optional("ranges") else { break }
            guard ranges.count <= SlidingRequest.maxRanges else { throw .invalidParam("there are too many ranges") }
            var windows: [ClosedRange<Int>] = []
            for range in ranges { windows.append(try Self.range(range)) }
            list.ranges = windows
        }
        return list
    }

    private static func range(_ bounds: [Int64]) throws(MatrixError) -> ClosedRange<Int> {
        guard bounds.count == 2, bounds[0] >= 0, bounds[0] <= bounds[1] else {
            throw .invalidParam("a range must be two numbers in order, from 0")
        }
        return Int(bounds[0])...Int(bounds[1])
    }

    private func config(_ fields: JSONFields) throws(MatrixError) -> SlidingRoomConfig {
        let limit: Int64 = try fields.required("timeline_limit")
        guard limit >= 0 else { throw .invalidParam("timeline_limit must not be negative") }
        return SlidingRoomConfig(
            timelineLimit: Int(min(limit, Int64(SlidingRequest.maxTimeline))), requiredState: try requiredState(fields))
    }

    // MARK: Required state

    private func requiredState(_ fields: JSONFields) throws(MatrixError) -> RequiredState {
        switch dialect {
        case .stable:
            guard let wanted = try fields.object("required_state") else { return .nothing }
            return RequiredState(
                include: try elements(wanted, "include"), exclude: try elements(wanted, "exclude"),
                lazyMembers: try wanted.optional("lazy_members") ?? false)
        case .unstable:
            let pairs: [[String]] = try fields.optional("required_state") ?? []
            guard pairs.count <= RequiredState.maxElements else { throw .invalidParam("required_state is too long") }
            var (include, isLazy) = ([RequiredState.Element](), false)
            for pair in pairs {
                guard pair.count == 2 else { throw .invalidParam("required_state must be pairs") }
                if pair[0] == EventType.member, pair[1] == Self.lazy {
                    isLazy = true
                } else {
                    include.append(
                        try element(
                            type: pair[0] == Self.everything ? nil : pair[0],
                            key: pair[1] == Self.everything ? nil : pair[1]))
                }
            }
            return RequiredState(include: include, lazyMembers: isLazy)
        }
    }

    private func elements(_ fields: JSONFields, _ name: String) throws(MatrixError) -> [RequiredState.Element] {
        let views: [JSONView] = try fields.optional(name) ?? []
        guard views.count <= RequiredState.maxElements else { throw .invalidParam("\(name) is too long") }
        var elements: [RequiredState.Element] = []
        for view in views {
            let element = try JSONFields(of: view, named: name)
            elements.append(try self.element(type: element.optional("type"), key: element.optional("state_key")))
        }
        return elements
    }

    private func element(type: String?, key: String?) throws(MatrixError) -> RequiredState.Element {
        guard type?.utf8.count ?? 0 <= Self.maxTextBytes, key?.utf8.count ?? 0 <= Self.maxTextBytes else {
            throw .invalidParam("a type or state key of required_state is too long")
        }
        return RequiredState.Element(type: type, stateKey: key)
    }

    // MARK: Filters

    private func filter(_ fields: JSONFields) throws(MatrixError) -> SlidingFilter {
        var filter = SlidingFilter()
        filter.isDirect = try fields.optional("is_dm")
        filter.spaces = try strings(fields, "spaces")?.compactMap { RoomID($0) }
        filter.isEncrypted = try fields.optional("is_encrypted")
        filter.isInvited = try fields.optional(dialect == .stable ? "is_invited" : "is_invite")
        filter.roomTypes = try types(fields, "room_types")
        filter.notRoomTypes = try types(fields, "not_room_types")
        filter.tags = try strings(fields, "tags").map { Set($0) }
        filter.notTags = try strings(fields, "not_tags").map { Set($0) }
        return filter
    }

    private func strings(_ fields: JSONFields, _ name: String) throws(MatrixError) -> [String]? {
        guard let strings: [String] = try fields.optional(name) else { return nil }
        guard strings.count <= SlidingFilter.maxEntries else { throw .invalidParam("\(name) is too long") }
        return strings
    }

    private func types(_ fields: JSONFields, _ name: String) throws(MatrixError) -> Set<String?>? {
        guard let views: [JSONView] = try fields.optional(name) else { return nil }
        guard views.count <= SlidingFilter.maxEntries else { throw .invalidParam("\(name) is too long") }
        var types: Set<String?> = []
        for view in views {
            guard view.isNull || view.isString else { throw .badJSON("\(name) must be strings or null") }
            types.insert(view.string)
        }
        return types
    }

    // MARK: Extensions

    private func extensions(_ fields: JSONFields) throws(MatrixError) -> SlidingExtensionRequests {
        var wanted = SlidingExtensionRequests()
        if let toDevice = try enabled(fields, "to_device") {
            wanted.toDevice = SlidingExtensionRequests.ToDevice(
                since: try toDevice.optional("since"), limit: try limit(toDevice))
        }
        wanted.endToEnd = try enabled(fields, "e2ee") != nil
        wanted.accountData = try scope(enabled(fields, "account_data"))
        wanted.receipts = try scope(enabled(fields, "receipts"))
        wanted.typing = try scope(enabled(fields, "typing"))
        let threads = dialect == .stable ? "thread_subscriptions" : "io.element.msc4308.thread_subscriptions"
        if let threads = try enabled(fields, threads) { wanted.threadSubscriptions = try limit(threads) }
        return wanted
    }

    private func enabled(_ fields: JSONFields, _ name: String) throws(MatrixError) -> JSONFields? {
        guard let fields = try fields.object(name), try fields.optional("enabled") == true else { return nil }
        return fields
    }

    private func limit(_ fields: JSONFields) throws(MatrixError) -> Int {
        let limit: Int64 = try fields.optional("limit") ?? Int64(SlidingExtensionRequests.defaultLimit)
        guard limit > 0 else { throw .invalidParam("limit must be greater than 0") }
        return Int(min(limit, Int64(SlidingExtensionRequests.maxLimit)))
    }

    private func scope(_ fields: JSONFields?) throws(MatrixError) -> SlidingExtensionRequests.Scope? {
        guard let fields else { return nil }
        var scope = SlidingExtensionRequests.Scope()
        if let lists = try strings(fields, "lists"), !lists.contains(Self.everything) { scope.lists = lists }
        if let rooms = try strings(fields, "rooms"), !rooms.contains(Self.everything) {
            scope.rooms = rooms.compactMap { RoomID($0) }
        }
        return scope
    }
}
