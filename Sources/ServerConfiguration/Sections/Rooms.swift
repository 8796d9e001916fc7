extension ServerConfiguration {
    package struct Rooms: ConfigurationSection {
        /// The version of rooms whose creator asks for none.
        package let defaultVersion: String
        /// Whether who leaves a room forgets it, too.
        package let forgetsOnLeave: Bool

        static let documentation = [defaultVersion.documentation, forget.documentation]

        private static let defaultVersion = Key(
            "default_version", .string("the name of a room version"), default: "12",
            "The version of rooms whose creator asks for none. Some older clients stumble over version 12.")
        private static let forget = Key(
            "forget_on_leave", .flag, default: false, "Whether rooms that a user leaves are forgotten at once.")

        init?(from reader: SectionReader) {
            guard let (version, forget) = reader.values(Self.defaultVersion, Self.forget) else { return nil }
            (defaultVersion, forgetsOnLeave) = (version, forget)
        }
    }

    /// The list of public rooms.
    package struct RoomDirectory: ConfigurationSection {
        /// Who may put a room into the directory.
        package enum Publisher: String, Sendable, CaseIterable {
            case everyone
            case administrators
            case nobody
        }

        package let publish: Publisher
        package let isAnonymous: Bool
        package let servesFederation: Bool

        static let documentation = [publish.documentation, anonymous.documentation, federation.documentation]

        private static let publish = Key<Publisher>(
            "publish", .word, default: .everyone, "Which users of this server may publish a room that they may edit.")
        private static let anonymous = Key(
            "anonymous", .flag, default: true, "Whether the list is shown without an access token.")
        private static let federation = Key(
            "federation", .flag, default: true, "Whether other servers may read the list.")

        init?(from reader: SectionReader) {
            guard let (publish, anonymous, federation) = reader.values(Self.publish, Self.anonymous, Self.federation)
            else { return nil }
            (self.publish, isAnonymous, servesFederation) = (publish, anonymous, federation)
        }
    }
}
