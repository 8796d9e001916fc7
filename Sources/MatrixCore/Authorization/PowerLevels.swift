/// How much power somebody has, or something needs.
package enum PowerLevel: Hashable, Comparable, Sendable {
    case finite(Int64)
    /// What creators have since room version 12.
    case infinite

    /// The level as a number that can be written in an answer: creators get the highest one.
    package var value: Int64 {
        switch self {
        case .finite(let level): level
        case .infinite: JSONNumber.largestExact
        }
    }
}

/// The levels that have a name of their own.
package enum NamedPowerLevel: String, CaseIterable, Sendable {
    case usersDefault = "users_default"
    case eventsDefault = "events_default"
    case stateDefault = "state_default"
    case ban, redact, kick, invite
}

/// Who may do what in a room, at one moment of it.
///
/// Cost: nothing is copied; a question reads the content of the event, which is bounded by the size of an event.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
package struct PowerLevels: Sendable {
    /// The content of the event, or `nil` when the room has none.
    private let content: JSONView?
    private let creators: RoomCreators
    private let version: RoomVersion

    /// - Parameters:
    ///   - event: the room's `m.room.power_levels`, if any.
    ///   - create: the room's `m.room.create`.
    package init(event: Event?, create: Event?, version: RoomVersion) {
        content = event?.content
        creators = RoomCreators(create: create, version: version)
        self.version = version
    }

    /// The level of a user.
    package func level(of user: UserID) -> PowerLevel {
        // v12: creators stand above everybody, with or without power levels.
        if version.authorization.hasPrivilegedCreators, creators.contains(user) { return .infinite }
        guard let content else {
            // Without power levels the creator has 100 (v1-v11), and everybody else has 0.
            return .finite(creators.contains(user) ? 100 : 0)
        }
        if let level = reader.level(content["users"]?[user.description]) { return .finite(level) }
        return .finite(reader.level(content[NamedPowerLevel.usersDefault.rawValue]) ?? 0)
    }

    /// The level that sending an event takes.
    package func required(type: String, isState: Bool) -> PowerLevel {
        if let level = reader.level(content?["events"]?[type]) { return .finite(level) }
        return required(isState ? .stateDefault : .eventsDefault)
    }

    /// The level that one of the named actions takes.
    package func required(_ action: NamedPowerLevel) -> PowerLevel {
        if let level = reader.level(content?[action.rawValue]) { return .finite(level) }
        return switch action {
        case .usersDefault, .eventsDefault, .invite: .finite(0)
        case .stateDefault, .ban, .redact, .kick: .finite(50)
        }
    }

    /// The level that notifying with one of the keys of `notifications` takes; `room` is the only one in use.
    package func required(notification key: String) -> PowerLevel {
        .finite(reader.level(content?["notifications"]?[key]) ?? 50)
    }

    private var reader: PowerLevelReader { PowerLevelReader(version: version) }
}

/// Reads single levels in the forms that a version accepts.
struct PowerLevelReader {
    let version: RoomVersion

    /// The level, or `nil` when the value is missing or nothing that the version takes for a level.
    func level(_ value: JSONView?) -> Int64? {
        guard let value else { return nil }
        if let number = value.int { return number }
        // v10: only integers.
        guard !version.authorization.requiresIntegerPowerLevels else { return nil }
        if let text = value.string { return Self.level(in: text) }
        // v1-v5: fractions lose what stands after the point. Later versions cannot hold any.
        guard let fraction = value.double?.rounded(.towardZero) else { return nil }
        return Int64(exactly: fraction) ?? (fraction < 0 ? Int64.min : Int64.max)
    }

    /// v1-v9: white space, a sign, any number of digits, white space. Beyond 64 bits it is as high or low as can be.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-strings
    static func level(in text: String) -> Int64? {
        var trimmed = text.unicodeScalars[...]
        while let first = trimmed.first, isSpace(first) { trimmed = trimmed.dropFirst() }
        while let last = trimmed.last, isSpace(last) { trimmed = trimmed.dropLast() }
        var digits = Substring(trimmed).utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        // Built downwards, because the lowest number has no positive counterpart.
        var level: Int64 = 0
        var isBeyond = false
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (tenfold, overflow) = level.multipliedReportingOverflow(by: 10)
            let (difference, borrow) = tenfold.subtractingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            isBeyond = isBeyond || overflow || borrow
            level = isBeyond ? .min : difference
        }
        if isNegative { return level }
        return level == .min ? .max : -level
    }

    /// What Python strips from both ends before it reads a number, which is what most servers have always done here.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
}
