/// A message event, as far as the load generator looks at one.
struct TimelineEvent {
    var eventID = ""
    var body: String?

    init(_ reader: inout JSONReader) throws {
        var event = (id: "", body: String?.none)
        try reader.members { key, value in
            switch key {
            case "event_id": event.id = try value.string()
            case "content":
                try value.members { key, value in
                    if key == "body" { event.body = try value.optionalString() }
                }
            default: break
            }
        }
        (eventID, body) = event
    }
}

/// What a page of `/messages` holds.
struct MessagesPage {
    private(set) var events: [TimelineEvent] = []
    private(set) var end: String?

    init(_ bytes: [UInt8]) throws {
        var page: (events: [TimelineEvent], end: String?) = ([], nil)
        var reader = JSONReader(bytes)
        try reader.members { key, value in
            switch key {
            case "chunk": try value.elements { page.events.append(try TimelineEvent(&$0)) }
            case "end": page.end = try value.optionalString()
            default: break
            }
        }
        (events, end) = page
    }
}

/// What a sync brought: events in the timelines of joined rooms, and messages to the device.
struct SyncPage {
    private(set) var nextBatch = ""
    private(set) var events: [TimelineEvent] = []
    /// The `body` of each message to the device, which this program writes into all of them.
    private(set) var messages: [String] = []

    init(_ bytes: [UInt8]) throws {
        var page: (next: String, events: [TimelineEvent], messages: [String]) = ("", [], [])
        var reader = JSONReader(bytes)
        try reader.members { key, value in
            switch key {
            case "next_batch": page.next = try value.string()
            case "rooms": try Self.readRooms(&value, into: &page.events)
            case "to_device": try Self.readEvents(&value) { page.messages.append($0.body ?? "") }
            default: break
            }
        }
        guard !page.next.isEmpty else { throw Failure("a sync without `next_batch`") }
        (nextBatch, events, messages) = page
    }

    private static func readRooms(_ reader: inout JSONReader, into events: inout [TimelineEvent]) throws {
        try reader.members { section, rooms in
            guard section == "join" else { return }
            try rooms.members { _, room in
                try room.members { key, timeline in
                    guard key == "timeline" else { return }
                    try readEvents(&timeline) { events.append($0) }
                }
            }
        }
    }

    private static func readEvents(_ reader: inout JSONReader, _ take: (TimelineEvent) -> Void) throws {
        try reader.members { key, list in
            if key == "events" { try list.elements { take(try TimelineEvent(&$0)) } }
        }
    }
}

/// What an answer of sliding sync holds, as far as it is looked at.
struct SlidingPage: Sendable {
    private(set) var position = ""
    private(set) var rooms = 0
    let byteCount: Int

    init(_ bytes: [UInt8]) throws {
        byteCount = bytes.count
        var page = (position: "", rooms: 0)
        var reader = JSONReader(bytes)
        try reader.members { key, value in
            switch key {
            case "pos": page.position = try value.string()
            case "rooms": try value.members { _, _ in page.rooms += 1 }
            default: break
            }
        }
        guard !page.position.isEmpty else { throw Failure("a sliding sync without `pos`") }
        (position, rooms) = page
    }
}

/// The names of keys that a claim gave, of whichever users and devices.
struct ClaimedKeys {
    private(set) var names: [String] = []

    init(_ bytes: [UInt8]) throws {
        var found: [String] = []
        var reader = JSONReader(bytes)
        try reader.members { key, users in
            guard key == "one_time_keys" else { return }
            try users.members { _, devices in
                try devices.members { _, keys in
                    try keys.members { name, _ in found.append(name) }
                }
            }
        }
        names = found
    }
}

/// How many devices a query told of.
struct QueriedKeys: Sendable {
    private(set) var devices = 0
    let byteCount: Int

    init(_ bytes: [UInt8]) throws {
        byteCount = bytes.count
        var count = 0
        var reader = JSONReader(bytes)
        try reader.members { key, users in
            guard key == "device_keys" else { return }
            try users.members { _, devices in
                try devices.members { _, _ in count += 1 }
            }
        }
        devices = count
    }
}
