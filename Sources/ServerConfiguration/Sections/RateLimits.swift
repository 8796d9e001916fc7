/// A bucket of tokens: `burst` requests at once, and then as many as come back in a second.
package struct RateLimit: Sendable, Equatable {
    package let perSecond: Double
    package let burst: Int

    package init(perSecond: Double, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

extension ServerConfiguration {
    /// How often somebody may do something.
    package struct RateLimits: Sendable, Equatable {
        /// What is counted, and for whom.
        package enum Kind: String, Sendable, CaseIterable {
            /// Any request of a user that the specification calls rate-limited and that no other kind covers.
            case requests
            /// Events sent, by user.
            case messages
            /// Joins of rooms, by user.
            case joins
            /// Invitations, by the user who invites.
            case invites
            /// Attempts to log in, by address and by account.
            case logins
            /// New accounts, by address.
            case registrations
            /// Inbound federation requests, by server.
            case federation
        }

        private let limits: [Kind: RateLimit]

        /// The limit of a kind; `nil` when there is none.
        package subscript(_ kind: Kind) -> RateLimit? { limits[kind] }

        package static let none = RateLimits(limits: [:])
        package static let standard = RateLimits(
            limits: Dictionary(uniqueKeysWithValues: Kind.allCases.map { ($0, $0.standard) }))

        private init(limits: [Kind: RateLimit]) {
            self.limits = limits
        }

        /// `default`, `none`, or a table of kinds; kinds that the table leaves out keep their default.
        static let type = ValueType<RateLimits>(
            allowed: "default, none, or a table of limits",
            read: { place in
                guard case .scalar(let text, _) = place.node.content else { return readTable(place) }
                switch text {
                case "default": return .standard
                case "none": return RateLimits.none
                default:
                    place.refuse("expected default, none, or a table of limits, found \(YAMLText.shortened(text))")
                    return nil
                }
            },
            write: { $0 == .standard ? "default" : nil }, children: Kind.allCases.map { $0.key.documentation })

        private static func readTable(_ place: Place) -> RateLimits? {
            let reader = SectionReader(place, keys: type.children)
            var limits: [Kind: RateLimit] = [:]
            var isGood = true
            for kind in Kind.allCases {
                guard let limit = reader.value(kind.key) else {
                    isGood = false
                    continue
                }
                limits[kind] = limit
            }
            return isGood ? RateLimits(limits: limits) : nil
        }
    }
}

extension ServerConfiguration.RateLimits.Kind {
    fileprivate var standard: RateLimit {
        switch self {
        case .requests: RateLimit(perSecond: 50, burst: 500)
        case .messages: RateLimit(perSecond: 10, burst: 100)
        case .joins: RateLimit(perSecond: 1, burst: 30)
        case .invites: RateLimit(perSecond: 1, burst: 50)
        case .logins: RateLimit(perSecond: 0.2, burst: 10)
        case .registrations: RateLimit(perSecond: 0.1, burst: 10)
        case .federation: RateLimit(perSecond: 50, burst: 500)
        }
    }

    private var text: String {
        switch self {
        case .requests: "Requests that the specification calls rate-limited and that nothing below covers, by user."
        case .messages: "Events sent, by user."
        case .joins: "Joins of rooms, by user."
        case .invites: "Invitations, by the user who invites."
        case .logins: "Attempts to log in, by address and by account."
        case .registrations: "New accounts, by address."
        case .federation: "Requests of other servers, by server."
        }
    }

    fileprivate var key: Key<RateLimit?> {
        Key(rawValue, Bucket.type, default: standard, text)
    }

    /// `{per_second: 10, burst: 100}` or `none`.
    private struct Bucket: ConfigurationSection {
        let perSecond: Double
        let burst: Int

        static let documentation = [rate.documentation, size.documentation]

        private static let rate = Key(
            "per_second", .number(above: 0, upTo: 1_000_000), unit: "per second", "How many come back in a second.")
        private static let size = Key("burst", .integer(1...1_000_000), "How many may come at once.")

        init?(from reader: SectionReader) {
            guard let (rate, size) = reader.values(Self.rate, Self.size) else { return nil }
            (perSecond, burst) = (rate, size)
        }

        static let type = ValueType<RateLimit?>(
            allowed: "none or {per_second: number, burst: count}",
            read: { place in
                if case .scalar("none", _) = place.node.content { return .some(nil) }
                return Bucket(from: SectionReader(place, keys: documentation))
                    .map { RateLimit(perSecond: $0.perSecond, burst: $0.burst) }
            },
            write: { limit in
                limit.map { "{per_second: \($0.perSecond), burst: \($0.burst)}" } ?? "none"
            })
    }
}
