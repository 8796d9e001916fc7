import MatrixCore

/// How far a walk through a space has come.
struct HierarchyPosition: Equatable {
    /// Rooms that a walk comes to. Whoever has more in a space sees the first ones.
    static let maxRooms = 2_000

    struct Step: Equatable {
        let roomID: RoomID
        let depth: Int
        /// Servers that may know the room.
        let servers: [ServerName]
    }

    /// Where the walk goes on: the next room is the last one.
    private(set) var steps: [Step]
    /// Where it was, or will not go again: there may be cycles.
    private(set) var seen: Set<RoomID> = []

    init(at room: RoomID, servers: [ServerName]) {
        steps = [Step(roomID: room, depth: 0, servers: servers)]
    }

    var isAtEnd: Bool { steps.isEmpty }

    /// The next rooms, the very next one first.
    func upcoming(_ count: Int) -> [Step] {
        var found: [Step] = []
        var rooms = seen
        for step in steps.reversed() where rooms.insert(step.roomID).inserted {
            found.append(step)
            if found.count >= count { break }
        }
        return found
    }

    /// Goes to the next room; `nil` when it was there before.
    mutating func next() -> Step? {
        guard let step = steps.popLast(), seen.insert(step.roomID).inserted else { return nil }
        return step
    }

    /// The rooms in the one that the walk is at come next.
    mutating func descend(into children: [SpaceChild], below step: Step, without inaccessible: Set<RoomID>) {
        let room = max(Self.maxRooms - seen.count - steps.count, 0)
        let new = children.filter { !seen.contains($0.roomID) && !inaccessible.contains($0.roomID) }.prefix(room)
        for child in new.reversed() {
            let servers = Array(child.servers.prefix(RoomLookUp.maxServers))
            steps.append(Step(roomID: child.roomID, depth: step.depth + 1, servers: servers))
        }
    }

    // MARK: As it is kept

    var encoded: [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.array(key: "steps") { json in
                    for step in steps {
                        json.object {
                            $0.field("room", step.roomID)
                            $0.field("depth", step.depth)
                            $0.field("servers", strings: step.servers.map(\.description))
                        }
                    }
                }
                json.field("seen", strings: seen.map(\.description))
            }
        }
    }

    /// Reads what `encoded` wrote.
    init?(encoded: [UInt8]) {
        guard let json = (try? JSONDocument(parsing: encoded))?.root, let steps = json["steps"]?.array,
            let seen = json["seen"]?.array
        else { return nil }
        self.steps = steps.compactMap { step in
            guard let room = step["room"]?.string.flatMap({ RoomID($0) }), let depth = step["depth"]?.int else {
                return nil
            }
            let servers = step["servers"]?.array?.compactMap { $0.string.flatMap { ServerName($0) } } ?? []
            return Step(roomID: room, depth: Int(clamping: depth), servers: servers)
        }
        self.seen = Set(seen.compactMap { $0.string.flatMap { RoomID($0) } })
    }
}
