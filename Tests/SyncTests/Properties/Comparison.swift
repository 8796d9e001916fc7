import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync

/// What clients have put together, beside the truth.
struct Comparison {
    let users: [UserRecord]
    let rooms: [RoomID]
    /// Whom somebody does not want to hear.
    let ignored: (by: UserID, whom: UserID)
    /// Whom the history is asked of.
    let worker: TestWorker
    private let truths: [RoomTruth]
    /// What was asked of the history before.
    private var pages: [String: [String]] = [:]
    /// What is not as it has to be.
    private(set) var differences: [String] = []
    /// Where the next difference is.
    private var subject = ""

    init(of activity: RandomActivity, _ worker: TestWorker) async throws {
        (users, rooms, ignored, self.worker) = (activity.users, activity.rooms, activity.ignored, worker)
        var truths: [RoomTruth] = []
        for room in rooms { truths.append(try await RoomTruth(room, worker, users: users.map(\.userID))) }
        self.truths = truths
    }

    private mutating func require(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { differences.append("\(what()) (\(subject))") }
    }

    mutating func compare(_ client: any FollowingClient) async throws {
        for (number, room) in rooms.enumerated() {
            subject = "\(client.user.userID), \(client.name), room \(number)"
            try await compare(client, room, truths[number])
        }
        subject = "\(client.user.userID), \(client.name)"
        try await compareAccountData(client)
    }

    private mutating func compare(
        _ client: any FollowingClient, _ roomID: RoomID, _ truth: RoomTruth
    ) async throws {
        let (name, user) = (roomID.description, client.user.userID)
        guard client.wants(room: roomID) else {
            return require(client.rooms[name] == nil, "a room was told that is not wanted")
        }
        let membership = truth.membership(of: user)
        require(
            client.joined.contains(name) == (membership == .join), "joined is not \(String(describing: membership))")
        require(
            client.invited.contains(name) == (membership == .invite), "invited is not \(String(describing: membership))"
        )
        guard let room = client.rooms[name] else { return require(membership != .join, "a room was not told") }
        try await compareTimeline(room, client, roomID, truth)
        guard membership == .join else { return }
        compareState(room, client, truth)
        if let members = room.members {
            require(members == truth.members, "members: \(members) for \(truth.members)")
        }
        if client is SlidingClient {
            require(room.name == truth.state["m.room.name|"]?["name"]?.string, "name: \(String(describing: room.name))")
            let direct = client.accountData["m.direct"]?.object?.values.contains {
                $0.array?.contains(.string(name)) ?? false
            }
            require(room.isDirect == (direct ?? false), "direct: \(room.isDirect)")
        }
        try await compareReceipts(room, client, roomID, truth)
    }

    // MARK: The timeline

    /// A client that asks for what it was told to be missing holds exactly what its user may see: nothing else, nothing twice,
    /// all in the order in which it happened.
    private mutating func compareTimeline(
        _ room: FollowedRoom, _ client: any FollowingClient, _ roomID: RoomID, _ truth: RoomTruth
    ) async throws {
        let user = client.user.userID
        let whom = user == ignored.by ? ignored.whom : nil
        let wanted = truth.visible(to: user, ignoring: whom, matching: client.wants)
        let leaked = room.shown.subtracting(wanted)
        require(leaked.isEmpty, "events that may not be seen: \(truth.text(leaked))")
        // Who never was in a room may ask for nothing there, nor whom a resolution of states has taken out of it.
        let end = truth.hasForked ? nil : truth.departure(of: user)
        let isWhole = truth.membership(of: user) == .join || end != nil
        var held: Set<String> = []
        var last = -1
        for piece in room.pieces {
            let places = piece.ids.compactMap { truth.places[$0] }
            require(
                zip(places, places.dropFirst()).allSatisfy { $0 < $1 }, "each once and in order: \(places)")
            // Told from the start means that what was told before may come again.
            let mayRepeat =
                !client.knowsBeginnings && (truth.hasForked || truth.entrances(of: user).contains { $0 > last })
            let first = places.first ?? truth.moments.count
            if !mayRepeat { require(last < first, "each once across gaps: \(last) before \(places)") }
            held.formUnion(piece.ids)
            if isWhole, piece.followsGap {
                guard let token = piece.previousBatch else {
                    require(false, "nothing leads to what is before a gap")
                    continue
                }
                let history = try await history(of: roomID, before: token, for: client.user)
                held.formUnion(
                    history.filter { id in truth.places[id].map { $0 > last && $0 < first } ?? false })
            }
            last = max(last, places.last ?? -1)
        }
        var missing: Set<String> = []
        if truth.membership(of: user) == .join {
            missing = wanted.subtracting(held)
        } else if let end,
            held.contains(truth.moments[end].event.eventID.description)
        {
            // Who was told how a stay ended was told all up to there.
            missing = wanted.subtracting(held).filter { truth.places[$0].map { $0 < end } ?? false }
        }
        require(
            missing.isEmpty,
            "missing: \(truth.text(missing)) beside \(truth.text(held.intersection(wanted)))")
    }

    /// All that the user can read back from a place.
    private mutating func history(
        of roomID: RoomID, before token: String, for user: UserRecord
    ) async throws -> [String] {
        let key = "\(user.userID) \(roomID) \(token)"
        if let known = pages[key] { return known }
        var ids: [String] = []
        let readable: ReadableRoom
        do { readable = try await worker.rooms.readableRoom(roomID, by: user) } catch let error as MatrixError {
            require(false, "\(error)")
            return ids
        }
        var next: String? = token
        while let from = next {
            let page = try await worker.rooms.page(
                of: readable, from: from, to: nil, direction: .backwards, limit: 100, matching: { _ in true })
            ids += page.events.map(\.eventID.description)
            next = page.endToken
        }
        pages[key] = ids
        return ids
    }

    // MARK: State

    private mutating func compareState(_ room: FollowedRoom, _ client: any FollowingClient, _ truth: RoomTruth) {
        let isMember = { (key: String) in key.hasPrefix("\(EventType.member)|") }
        let contested = client.knowsContestedState ? [] : truth.contested
        func isCompared(_ key: String) -> Bool {
            let parts = key.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return !contested.contains(key) && client.follows(StateKey(parts[0], parts.count > 1 ? parts[1] : ""))
        }
        for key in Set(room.state.keys).union(truth.state.keys) where isCompared(key) {
            let (told, held) = (room.state[key], truth.state[key])
            // Of lazily loaded members some are told, and those as they are; in a window only who is needed.
            if client.isLazy, isMember(key), told == nil || client is SlidingClient { continue }
            // State that is no more cannot be said in version 3.
            if held == nil, client is SyncClient, truth.hasForked { continue }
            require(told == held, "\(key): \(String(describing: told)) for \(String(describing: held))")
        }
        guard client.isLazy else { return }
        for sender in room.senders {
            let key = "\(EventType.member)|\(sender)"
            require(room.state[key] != nil || truth.state[key] == nil, "\(key) is not told")
        }
    }

    // MARK: Receipts and what is unread

    private mutating func compareReceipts(
        _ room: FollowedRoom, _ client: any FollowingClient, _ roomID: RoomID, _ truth: RoomTruth
    ) async throws {
        let record = try await worker.base.record(roomID)
        let stored = try await ReceiptStore(pool: worker.pool).changes(
            in: [(room: record.nid, since: 0, head: .max)], for: client.user.nid)
        let names = try await worker.base.interning.users(stored.map(\.userNID))
        for receipt in stored {
            let user = names[receipt.userNID]?.userID.description ?? ""
            let key = "\(user)|\(receipt.kind.name)|\(receipt.thread.id ?? "")"
            // Two receipts of a kind at one event have one place.
            let isAlone =
                stored.count {
                    ($0.userNID, $0.kind, $0.eventID) == (receipt.userNID, receipt.kind, receipt.eventID)
                } == 1
            guard client.knowsAllReceipts || (isAlone && room.receipts[key] != nil) else { continue }
            require(room.receipts[key] == receipt.eventID.description, "receipt \(key)")
        }
        guard client.knowsUnread, client.user.userID != ignored.by,
            let (standing, _) = try await worker.base.memberships.membership(of: client.user.nid, in: record.nid)
        else { return }
        let counts = truth.unread(
            for: client.user, since: standing.joinedPosition,
            receipts: stored.filter { $0.userNID == client.user.nid })
        let told = String(describing: room.unread)
        if client.separatesThreads {
            require(room.unread == counts.main, "unread: \(told) for \(counts.main)")
            require(room.unreadThreads == counts.threads, "threads: \(room.unreadThreads) for \(counts.threads)")
        } else {
            require(room.unread == counts.total, "unread: \(told) for \(counts.total)")
        }
    }

    private mutating func compareAccountData(_ client: any FollowingClient) async throws {
        let records = try await worker.accountData.all(of: client.user.nid)
        let known = try await worker.rooms.reader.store.rooms(Array(Set(records.compactMap(\.roomNID))))
        for record in records {
            let content = record.content.flatMap { try? JSONValue(parsing: $0) }
            guard let nid = record.roomNID else {
                require(client.accountData[record.type] == content, "account data \(record.type)")
                continue
            }
            guard let room = known[nid]?.roomID, client.joined.contains(room.description), client.wants(room: room)
            else { continue }
            let number = rooms.firstIndex(of: room) ?? -1
            require(
                client.rooms[room.description]?.accountData[record.type] == content,
                "account data \(record.type) of room \(number)")
        }
    }
}

extension RoomTruth {
    /// Some events by their places and types, for who reads of a difference.
    fileprivate func text(_ ids: Set<String>) -> String {
        ids.map { id in
            guard let place = places[id] else { return "? \(id)" }
            let event = moments[place].event
            guard let key = event.stateKey else { return "\(place) \(event.type) by \(event.sender)" }
            return "\(place) \(event.content["membership"]?.string ?? event.type) of \(key)"
        }.sorted().joined(separator: ", ")
    }
}
