import Encryption
package import MatrixCore
import Storage

/// The answer to a sync.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
package struct SyncAnswer: Sendable {
    package let nextBatch: String
    package internal(set) var accountData: [[UInt8]] = []
    /// `m.presence` events.
    package internal(set) var presence: [[UInt8]] = []
    package internal(set) var devices = DeviceNews()
    package internal(set) var joined: [RoomUpdate] = []
    package internal(set) var left: [RoomUpdate] = []
    package internal(set) var invited: [StrippedRoom] = []
    package internal(set) var knocked: [StrippedRoom] = []
    let usesStateAfter: Bool
    let separatesThreads: Bool

    init(nextBatch: String, usesStateAfter: Bool = false, separatesThreads: Bool = false) {
        self.nextBatch = nextBatch
        self.usesStateAfter = usesStateAfter
        self.separatesThreads = separatesThreads
    }

    package var isEmpty: Bool {
        accountData.isEmpty && presence.isEmpty && devices.isEmpty && joined.isEmpty && left.isEmpty
            && invited.isEmpty && knocked.isEmpty
    }

    /// Roughly how many bytes it takes.
    package var expectedBytes: Int {
        let rooms = (joined + left).reduce(0) { size, room in
            [room.timeline, room.state, room.ephemeral, room.sticky, room.accountData].reduce(size + 400) {
                size, events in
                events.reduce(size) { $0 + $1.count + 1 }
            }
        }
        let people = (devices.lists.changed.count + devices.lists.left.count) * 40
        return rooms + people
            + (accountData + presence + devices.messages + (invited + knocked).flatMap(\.events)).reduce(600) {
                $0 + $1.count + 1
            }
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writeHead(to: &writer)
            writer.object(key: "rooms") { writer in
                for section in Section.allCases {
                    writer.object(key: section.rawValue) { writer in
                        for index in 0..<count(of: section) { writeRoom(index, of: section, to: &writer) }
                    }
                }
            }
        }
    }

    /// Everything but rooms.
    func writeHead(to writer: inout JSONWriter) {
        writer.field("next_batch", nextBatch)
        writer.key("account_data")
        Self.write(accountData, to: &writer)
        writer.key("presence")
        Self.write(presence, to: &writer)
        devices.write(to: &writer)
    }

    /// How the user stands to the rooms.
    enum Section: String, CaseIterable {
        case join, invite, knock, leave
    }

    func count(of section: Section) -> Int {
        switch section {
        case .join: joined.count
        case .invite: invited.count
        case .knock: knocked.count
        case .leave: left.count
        }
    }

    /// One room with its id before it.
    func writeRoom(_ index: Int, of section: Section, to writer: inout JSONWriter) {
        switch section {
        case .join: write(joined[index], isJoined: true, to: &writer)
        case .invite: Self.write(invited[index], as: "invite_state", to: &writer)
        case .knock: Self.write(knocked[index], as: "knock_state", to: &writer)
        case .leave: write(left[index], isJoined: false, to: &writer)
        }
    }

    private func write(_ room: RoomUpdate, isJoined: Bool, to writer: inout JSONWriter) {
        writer.key(room.roomID.description)
        writer.object { writer in
            writer.key("timeline")
            writer.object {
                $0.key("events")
                $0.array { for event in room.timeline { $0.raw(event) } }
                $0.field("limited", room.isLimited)
                $0.field(optional: "prev_batch", room.prevBatch)
            }
            writer.key(usesStateAfter ? "state_after" : "state")
            Self.write(room.state, to: &writer)
            writer.key("account_data")
            Self.write(room.accountData, to: &writer)
            guard isJoined else { return }
            writer.key("ephemeral")
            Self.write(room.ephemeral, to: &writer)
            if !room.sticky.isEmpty {
                writer.key("msc4354_sticky")
                Self.write(room.sticky, to: &writer)
            }
            if let summary = room.summary {
                writer.key("summary")
                summary.write(to: &writer)
            }
            if let unread = room.unread { write(unread, to: &writer) }
        }
    }

    private func write(_ unread: UnreadCounts, to writer: inout JSONWriter) {
        writer.key("unread_notifications")
        Self.write(separatesThreads ? unread.main : unread.total, to: &writer)
        guard separatesThreads, !unread.threads.isEmpty else { return }
        writer.key("unread_thread_notifications")
        writer.object { writer in
            for (root, count) in unread.threads.sorted(by: { $0.key < $1.key }) {
                writer.key(root.description)
                Self.write(count, to: &writer)
            }
        }
    }

    private static func write(_ count: UnreadCount, to writer: inout JSONWriter) {
        writer.object {
            $0.field("notification_count", count.notifications)
            $0.field("highlight_count", count.highlights)
        }
    }

    private static func write(_ room: StrippedRoom, as name: String, to writer: inout JSONWriter) {
        writer.key(room.roomID.description)
        writer.object {
            $0.key(name)
            write(room.events, to: &$0)
        }
    }

    private static func write(_ events: [[UInt8]], to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("events")
            writer.array { for event in events { $0.raw(event) } }
        }
    }
}
