package import MatrixCore
import Storage

/// The answer to a sliding sync.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
package struct SlidingAnswer: Sendable {
    package internal(set) var position = ""
    /// How many rooms each list has.
    package internal(set) var counts: [String: Int]
    package internal(set) var rooms: [SlidingRoom] = []
    package internal(set) var extensions = SlidingExtensions()
    /// Whether the same request would be told the same numbers of rooms again, as long as nothing happens. Rooms that were
    /// left are in lists until that is told.
    var isSettled = true
    let dialect: SlidingRequest.Dialect

    init(dialect: SlidingRequest.Dialect, counts: [String: Int] = [:]) {
        self.dialect = dialect
        self.counts = counts
    }

    /// Whether there is nothing in it that a client would want to be woken for.
    package var isEmpty: Bool { rooms.isEmpty && extensions.isEmpty }

    /// Roughly how many bytes it takes.
    package var expectedBytes: Int {
        rooms.reduce(1_024) { size, room in
            [room.timeline, room.requiredState, room.strippedState].reduce(size + 300) { size, events in
                (events ?? []).reduce(size) { $0 + $1.count + 1 }
            }
        }
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("pos", position)
            writer.object(key: "lists") { writer in
                for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
                    writer.object(key: name) { $0.field("count", count) }
                }
            }
            writer.object(key: "rooms") { writer in
                for room in rooms {
                    writer.key(room.roomID.description)
                    room.write(to: &writer, dialect)
                }
            }
            writer.key("extensions")
            extensions.write(to: &writer, dialect)
        }
    }
}

extension SlidingRoom {
    func write(to writer: inout JSONWriter, _ dialect: SlidingRequest.Dialect) {
        writer.object { writer in
            switch dialect {
            case .stable:
                writer.field("membership", membership.rawValue)
                if !lists.isEmpty { writer.field("lists", strings: lists) }
            case .unstable:
                writer.field("notification_count", unread?.notifications ?? 0)
                writer.field("highlight_count", unread?.highlights ?? 0)
            }
            writer.field(optional: "bump_stamp", bumpStamp)
            if isInitial { writer.field("initial", true) }
            if isExpanded {
                writer.field(dialect == .stable ? "expanded_timeline" : "unstable_expanded_timeline", true)
            }
            Self.write(name, "name", to: &writer)
            Self.write(avatar, "avatar", to: &writer)
            writer.field(optional: "is_dm", isDirect)
            if let heroes, !heroes.isEmpty { Self.write(heroes, to: &writer) }
            writer.field(optional: "joined_count", members?.joined)
            writer.field(optional: "invited_count", members?.invited)
            writeEvents(to: &writer, dialect)
        }
    }

    private func writeEvents(to writer: inout JSONWriter, _ dialect: SlidingRequest.Dialect) {
        // Clients of today do not know that state can go away.
        let removed = dialect == .stable ? removedState : []
        if requiredState?.isEmpty == false || !removed.isEmpty {
            writer.array(key: "required_state") { writer in
                for event in requiredState ?? [] { writer.raw(event) }
                for key in removed {
                    writer.object {
                        $0.field("type", key.type)
                        $0.field("state_key", key.key)
                    }
                }
            }
        }
        if let timeline, isLimited != nil || !timeline.isEmpty {
            writer.array(key: "timeline") { for event in timeline { $0.raw(event) } }
        }
        writer.field(optional: "limited", isLimited)
        writer.field(optional: "num_live", live)
        writer.field(optional: "prev_batch", prevBatch)
        if let strippedState, dialect == .stable || membership == .invite || membership == .knock {
            writer.array(key: dialect == .stable ? "stripped_state" : "invite_state") { writer in
                for event in strippedState { writer.raw(event) }
            }
        }
    }

    private static func write(_ change: Change, _ key: String, to writer: inout JSONWriter) {
        switch change {
        case .unchanged: break
        case .none:
            writer.key(key)
            writer.null()
        case .value(let text): writer.field(key, text)
        }
    }

    private static func write(_ heroes: [Hero], to writer: inout JSONWriter) {
        writer.array(key: "heroes") { writer in
            for hero in heroes {
                writer.object {
                    $0.field("user_id", hero.userID)
                    $0.field(optional: "displayname", hero.displayName)
                    $0.field(optional: "avatar_url", hero.avatar)
                }
            }
        }
    }
}

extension SlidingExtensions {
    func write(to writer: inout JSONWriter, _ dialect: SlidingRequest.Dialect) {
        writer.object { writer in
            if let toDevice {
                writer.object(key: "to_device") { writer in
                    writer.field("next_batch", toDevice.nextBatch)
                    writer.array(key: "events") { for event in toDevice.events { $0.raw(event) } }
                }
            }
            if let endToEnd { writer.object(key: "e2ee") { endToEnd.write(to: &$0) } }
            if let accountData { writer.object(key: "account_data") { accountData.write(to: &$0) } }
            for (name, rooms) in [("receipts", receipts), ("typing", typing)] {
                guard let rooms else { continue }
                writer.object(key: name) { writer in
                    writer.object(key: "rooms") { writer in
                        for (room, event) in rooms.sorted(by: { $0.key < $1.key }) {
                            writer.field(room.description, raw: event)
                        }
                    }
                }
            }
            if let threads {
                let name =
                    dialect == .stable ? "thread_subscriptions" : "io.element.msc4308.thread_subscriptions"
                writer.object(key: name) { threads.write(to: &$0, end: "prev_batch") }
            }
        }
    }
}

extension SlidingExtensions.EndToEnd {
    fileprivate func write(to writer: inout JSONWriter) {
        keys.write(to: &writer)
        if let lists { writer.object(key: "device_lists") { lists.write(to: &$0) } }
    }
}

extension SlidingExtensions.AccountData {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.array(key: "global") { for event in global { $0.raw(event) } }
        writer.object(key: "rooms") { writer in
            for (room, events) in rooms.sorted(by: { $0.key < $1.key }) {
                writer.array(key: room.description) { for event in events { $0.raw(event) } }
            }
        }
    }
}

extension SlidingExtensions.Threads {
    /// Writes the members of an object.
    ///
    /// - Parameter end: what the token is called that leads to what is left out.
    package func write(to writer: inout JSONWriter, end: String) {
        for (name, isSubscribed) in [("subscribed", true), ("unsubscribed", false)] {
            let wanted = changes.filter { ($0.automatic != nil) == isSubscribed }
            guard !wanted.isEmpty else { continue }
            writer.object(key: name) { writer in
                for (room, changes) in Dictionary(grouping: wanted, by: \.roomNID).sorted(by: { $0.key < $1.key }) {
                    guard let roomID = rooms[room] else { continue }
                    writer.object(key: roomID.description) { writer in
                        for change in changes {
                            writer.object(key: change.root.description) {
                                $0.field(optional: "automatic", change.automatic)
                                $0.field("bump_stamp", change.position)
                            }
                        }
                    }
                }
            }
        }
        writer.field(optional: end, prevBatch)
    }
}
