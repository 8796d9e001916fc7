import ApusTesting
import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Search
import Storage
import Testing

@Suite struct MessageSearchTests {
    @Test func findsWordsInAnyFormAndOrder() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice"))
            let room = try await worker.room(by: alice)
            for text in ["The meetings are on Monday", "a Meeting of minds", "nothing", "Der Käse schmeckt", "会議 です"] {
                try await worker.say(text, in: room, as: alice)
            }
            try await fixture.index()
            try await fixture.index()
            #expect(
                Set(try await fixture.texts("meeting", as: alice)) == [
                    "The meetings are on Monday", "a Meeting of minds",
                ])
            #expect(try await fixture.texts("monday meeting", as: alice) == ["The meetings are on Monday"])
            #expect(
                try await fixture.texts("the", as: alice) == ["The meetings are on Monday"], "no word is too common")
            #expect(try await fixture.texts("käse", as: alice) == ["Der Käse schmeckt"])
            #expect(try await fixture.texts("会議", as: alice) == ["会議 です"])
            #expect(try await fixture.texts(#""of minds""#, as: alice) == ["a Meeting of minds"])
            #expect(try await fixture.texts("absent", as: alice).isEmpty)
            let found = try await fixture.search("meeting", as: alice)
            #expect(found.count == 2 && found.highlights == ["meeting", "meetings"])
            #expect(found.results.allSatisfy { $0.rank > 0 && $0.context == nil })
            #expect(found.nextBatch == nil && found.groups.isEmpty && found.state == nil)
        }
    }

    @Test func whatIsTypedIsNeverAQuery() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice"))
            let room = try await worker.room(by: alice)
            try await worker.say("it's a \\ 'quoted' & (odd) | text:* \u{0} ~1", in: room, as: alice)
            try await fixture.index()
            for term in [
                "'", "\\", "' & '", "quoted:*", "!!", "(", "a & | b", "~1", "\u{0}", "\u{0}quoted\u{0}", "", "   ", "-",
                "-quoted", "\"", "drop table events; --", "😀", "<->", "or", "quoted or",
            ] { _ = try await fixture.texts(term, as: alice) }
            #expect(try await fixture.texts("quoted", as: alice).count == 1)
            #expect(try await fixture.texts("~1", as: try await fixture.user("eve")).isEmpty)
            await #expect(throws: MatrixError.self) {
                _ = try await fixture.texts(String(repeating: "word ", count: 200_000), as: alice)
            }
        }
    }

    @Test func namesAndTopicsAreSearchedAsAsked() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice"))
            let room = try await worker.room(by: alice)
            try await worker.say("penguin in a message", in: room, as: alice)
            try await worker.set("m.room.name", to: ["name": "penguin room"], in: room, as: alice)
            try await worker.set(
                "m.room.topic",
                to: [
                    "topic": "about birds",
                    "m.topic": [
                        "m.text": [["mimetype": "text/html", "body": "owls"], ["body": "about penguin food"]]
                    ],
                ], in: room, as: alice)
            try await worker.set("m.room.name", "x", to: ["name": "penguin trap"], in: room, as: alice)
            try await worker.set("org.example", to: ["body": "penguin state"], in: room, as: alice)
            try await fixture.index()
            #expect(try await fixture.texts("penguin", as: alice).count == 4)
            #expect(
                Set(try await fixture.texts("penguin", as: alice) { $0.keys = [.name] }) == [
                    "penguin room", "penguin trap",
                ])
            #expect(try await fixture.texts("penguin", as: alice) { $0.keys = [.topic] } == ["about birds"])
            #expect(try await fixture.texts("owls", as: alice).isEmpty)
            #expect(try await fixture.texts("penguin", as: alice) { $0.keys = [.body] } == ["penguin in a message"])
            let types = try RoomEventFilter(JSONDocument(parsing: #"{"types":["m.room.mess*"]}"#).root)
            #expect(try await fixture.texts("penguin", as: alice) { $0.filter = types } == ["penguin in a message"])
        }
    }

    @Test func encryptedAndRedactedEventsAreNotFound() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice"))
            let room = try await worker.room(by: alice)
            let early = try await worker.say("secret one", in: room, as: alice)
            let late = try await worker.say("secret two", in: room, as: alice)
            _ = try await worker.rooms.send(
                try EventDraft(sender: alice, type: EventType.encrypted, content: ["body": "secret three"]), to: room)
            try await redact(early, in: room, as: alice, worker)
            try await fixture.index()
            #expect(try await fixture.texts("secret", as: alice) == ["secret two"])
            try await redact(late, in: room, as: alice, worker)
            #expect(try await fixture.texts("secret", as: alice).isEmpty, "the index need not have heard of it")
            try await fixture.index()
            #expect(try await fixture.texts("secret", as: alice).isEmpty)
            let left = try await SearchStore(pool: worker.pool).byRank(
                MessageQuery(term: "secret", rooms: [try await worker.record(room).nid], keys: [.body]), after: nil,
                limit: 5)
            #expect(left.isEmpty)
        }
    }

    private func redact(_ event: EventID, in room: RoomID, as user: UserRecord, _ worker: RoomsWorker) async throws {
        let content = JSONValue.object(["redacts": .string(event.description)])
        _ = try await worker.rooms.send(
            EventDraft(
                sender: user, type: EventType.redaction,
                content: try JSONDocument(parsing: content.canonicalBytes).root,
                redacts: event, device: "D", transactionID: event.description), to: room)
    }

    /// Who may find what: by membership then and now, and by the visibility of the history.
    @Test(arguments: ["shared", "joined", "invited", "world_readable"])
    func onlyWhatMayBeSeenIsFound(_ visibility: String) async throws {
        try await SearchFixture.with { fixture in
            let worker = fixture.worker
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            let (gone, eve) = (try await fixture.user("gone"), try await fixture.user("eve"))
            let room = try await worker.room(by: alice)
            try await worker.set(
                EventType.historyVisibility, to: ["history_visibility": .string(visibility)], in: room, as: alice)
            try await worker.rooms.join(room, as: gone)
            try await worker.say("word first", in: room, as: alice)
            try await worker.rooms.leave(room, as: gone)
            try await worker.rooms.join(room, as: bob)
            try await worker.say("word second", in: room, as: alice)
            try await fixture.index()
            let all: Set = ["word first", "word second"]
            #expect(Set(try await fixture.texts("word", as: alice)) == all)
            let sees = visibility == "shared" || visibility == "world_readable"
            #expect(Set(try await fixture.texts("word", as: bob)) == (sees ? all : ["word second"]))
            #expect(
                try await fixture.search("word", as: bob).count == (sees ? 2 : 1), "the number tells nothing either")
            let left = Set(try await fixture.texts("word", as: gone))
            #expect(left == (visibility == "world_readable" ? all : ["word first"]))
            #expect(try await fixture.texts("word", as: eve).isEmpty, "never in the room")
            try await worker.rooms.forget(room, as: gone)
            #expect(try await fixture.texts("word", as: gone).isEmpty)
        }
    }

    @Test func ignoredSendersAreNotFound() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice, bob) = (fixture.worker, try await fixture.user("alice"), try await fixture.user("bob"))
            let room = try await worker.room(by: alice, members: [bob])
            try await worker.say("word of alice", in: room, as: alice)
            try await worker.say("word of bob", in: room, as: bob)
            try await fixture.index()
            #expect(try await fixture.texts("word", as: alice).count == 2)
            try await fixture.ignore(bob, as: alice)
            #expect(try await fixture.texts("word", as: alice) == ["word of alice"])
        }
    }

    @Test(arguments: [MessageSearchRequest.Order.rank, .recent])
    func pagesComeOneAfterTheOther(_ order: MessageSearchRequest.Order) async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice"))
            let (one, two) = (try await worker.room(by: alice), try await worker.room(by: alice))
            var said: [String] = []
            for number in 0..<23 {
                said.append("word \(number)" + String(repeating: " word", count: number % 3))
                try await worker.say(said[number], in: number % 2 == 0 ? one : two, as: alice)
            }
            try await fixture.index()
            var found: [String] = []
            var token: String?
            var pages = 0
            repeat {
                let page = try await fixture.search("word", as: alice) {
                    $0.order = order
                    $0.filter.limit = 5
                    $0.nextBatch = token
                }
                #expect(page.count == 23)
                found += try SearchFixture.texts(of: page)
                token = page.nextBatch
                pages += 1
            } while token != nil && pages < 10
            #expect(pages == 5 && Set(found) == Set(said) && found.count == 23)
            if order == .recent { #expect(found == said.reversed()) }
        }
    }

    @Test func tokensAreOfOneSearch() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice"))
            let room = try await worker.room(by: alice)
            for number in 0..<3 { try await worker.say("word \(number)", in: room, as: alice) }
            try await fixture.index()
            let page = try await fixture.search("word", as: alice) { $0.filter.limit = 1 }
            let token = try #require(page.nextBatch)
            for (text, order) in [
                (token, MessageSearchRequest.Order.recent), ("abc", .rank), ("", .rank), (token + "A", .rank),
            ] {
                await #expect(throws: MatrixError.self, "\(text)") {
                    _ = try await fixture.search("word", as: alice) {
                        $0.order = order
                        $0.nextBatch = text
                    }
                }
            }
        }
    }

    @Test func groupsHaveResultsAndPagesOfTheirOwn() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice, bob) = (fixture.worker, try await fixture.user("alice"), try await fixture.user("bob"))
            let one = try await worker.room(by: alice, members: [bob])
            let two = try await worker.room(by: alice, members: [bob])
            for number in 0..<6 {
                try await worker.say("word \(number)", in: number < 4 ? one : two, as: number % 2 == 0 ? alice : bob)
            }
            try await fixture.index()
            let found = try await fixture.search("word", as: alice) {
                $0.order = .recent
                $0.filter.limit = 4
                $0.groupings = [.room, .sender]
            }
            let rooms = try #require(found.groups[.room])
            #expect(rooms[two.description]?.order == 1 && rooms[one.description]?.order == 2)
            #expect(rooms[two.description]?.results.count == 2 && rooms[one.description]?.results.count == 2)
            #expect(
                found.groups[.sender]?.mapValues(\.results.count) == ["@alice:example.org": 2, "@bob:example.org": 2])
            let next = try await fixture.texts("word", as: alice) {
                $0.order = .recent
                $0.nextBatch = rooms[one.description]?.nextBatch
            }
            #expect(next == ["word 1", "word 0"])
            let rest = try await fixture.texts("word", as: alice) {
                $0.order = .recent
                $0.nextBatch = rooms[two.description]?.nextBatch
            }
            #expect(rest.isEmpty)
            let ofBob = try await fixture.texts("word", as: alice) {
                $0.order = .recent
                $0.nextBatch = found.groups[.sender]?["@bob:example.org"]?.nextBatch
            }
            #expect(ofBob == ["word 1"])
        }
    }

    @Test func surroundingsStateAndProfilesComeAlong() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice", called: "Alice A"))
            let room = try await worker.room(by: alice)
            for text in ["one", "two", "target", "three", "four"] { try await worker.say(text, in: room, as: alice) }
            try await fixture.index()
            let found = try await fixture.search("target", as: alice) {
                $0.surroundings = .init(before: 1, after: 5, includesProfiles: true)
                $0.includesState = true
            }
            let context = try #require(found.results.first?.context)
            #expect(try bodies(context.before) == ["two"])
            #expect(try bodies(context.after) == ["three", "four"])
            #expect(TimelinePoint(token: context.start) != nil && TimelinePoint(token: context.end) != nil)
            #expect(context.profiles?.map(\.userID) == [alice.userID])
            #expect(context.profiles?.first?.profile.displayName == "Alice A")
            let state = try #require(found.state?[room])
            #expect(try state.contains { try JSONDocument(parsing: $0)["type"]?.string == "m.room.create" })
            let none = try await fixture.search("target", as: alice) { $0.surroundings = .init(before: 0, after: -3) }
            #expect(
                none.results.first?.context?.before.isEmpty == true
                    && none.results.first?.context?.after.isEmpty == true)
        }
    }

    private func bodies(_ events: [[UInt8]]) throws -> [String] {
        try events.compactMap { try JSONDocument(parsing: $0)["content"]?["body"]?.string }
    }

    @Test func filtersNameRoomsAndSenders() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice, bob) = (fixture.worker, try await fixture.user("alice"), try await fixture.user("bob"))
            let one = try await worker.room(by: alice, members: [bob])
            let two = try await worker.room(by: alice)
            try await worker.say("word alice one", in: one, as: alice)
            try await worker.say("word bob one", in: one, as: bob)
            try await worker.say("word alice two", in: two, as: alice)
            try await fixture.index()
            func find(_ filter: JSONValue) async throws -> Set<String> {
                let view = try JSONDocument(parsing: filter.canonicalBytes).root
                return Set(try await fixture.texts("word", as: alice) { $0.filter = try RoomEventFilter(view) })
            }
            #expect(try await find(["rooms": [.string(two.description)]]) == ["word alice two"])
            #expect(try await find(["not_rooms": [.string(two.description)]]) == ["word alice one", "word bob one"])
            #expect(try await find(["senders": ["@bob:example.org", "@nobody:x"]]) == ["word bob one"])
            #expect(try await find(["not_senders": ["@bob:example.org"]]) == ["word alice one", "word alice two"])
            #expect(try await find(["senders": []]).isEmpty)
            #expect(try await find(["contains_url": true]).isEmpty)
            #expect(try await find(["rooms": ["!unknown:example.org"]]).isEmpty)
        }
    }

    /// As if the index had been made anew in the middle of everything: a duty, its lease and its cursor.
    @Test func theDutyFollowsTheLog() async throws {
        try await SearchFixture.with { fixture in
            let (worker, alice) = (fixture.worker, try await fixture.user("alice", called: "Alice A"))
            let bob = try await fixture.user("bob")
            let room = try await worker.room(by: alice, members: [bob])
            try await worker.say("word before", in: room, as: alice)
            for round in 0..<2 {
                let runners = fixture.duties.map { duty in
                    DutyRunner(
                        duty: duty, worker: "w\(round)", leases: LeaseStore(pool: worker.pool),
                        timeouts: worker.timeouts,
                        telemetry: worker.telemetry)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for runner in runners { group.addTask { await runner.run() } }
                    try await worker.say("word \(round)", in: room, as: alice)
                    try await eventually("both are found") {
                        let found = try await fixture.texts("word", as: alice).count
                        let names = try await fixture.names("alice", as: bob)
                        return found == 2 + round && names == ["Alice A"]
                    }
                    for runner in runners { runner.stop() }
                    try await group.waitForAll()
                }
            }
        }
    }
}
