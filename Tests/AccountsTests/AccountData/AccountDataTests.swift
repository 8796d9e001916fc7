import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct AccountDataTests {
    private func json(_ text: String) throws -> JSONView { try JSONDocument(parsing: text).root }

    @Test func aChangeIsARowOfTheUsersLog() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let record = try await worker.interning.user(user.userNID)
                let room = try await worker.stores.rooms.intern(
                    RoomID("!room:example.org")!, shard: 0, version: "12", now: 1)
                let data = worker.services.accountData
                let before = worker.feed.heads
                try await data.set("m.direct", in: nil, of: user.userNID, to: try json(#"{ "b": 1, "a": 2 }"#))
                try await data.set("m.x", in: room.roomID, of: user.userNID, to: try json(#"{"c":3}"#))
                let rows = worker.feed.withWindow { $0.rows(of: user.userNID, since: before) }
                #expect(rows.map(\.kind) == [.accountData, .accountData])
                #expect(rows.map(\.roomNID) == [nil, room.nid])
                #expect(rows.allSatisfy { $0.userNID == user.userNID && $0.shard == record.shard })
                let changes = try await worker.stores.accountData.changes(
                    of: user.userNID, after: before[record.shard])
                #expect(changes.map(\.type) == ["m.direct", "m.x"])
                #expect(changes.map(\.position) == rows.map(\.position))
                #expect(changes.first?.content == Array(#"{"a":2,"b":1}"#.utf8))
                #expect(
                    try await data.content("m.x", in: room.roomID, of: user.userNID) == Array(#"{"c":3}"#.utf8))
            }
        }
    }

    @Test func deletedDataIsToldOnceMoreAndThenGone() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let data = worker.services.accountData
                try await data.set("m.x", in: nil, of: user.userNID, to: try json("{}"))
                #expect(try await data.content("m.x", in: nil, of: user.userNID) == Array("{}".utf8))
                try await data.delete("m.x", in: nil, of: user.userNID)
                #expect(
                    try await refusal { _ = try await data.content("m.x", in: nil, of: user.userNID) }?.status == 404)
                let changes = try await worker.stores.accountData.changes(of: user.userNID, after: 0)
                #expect(changes.map(\.content) == [nil])
                #expect(try await worker.stores.accountData.all(of: user.userNID).isEmpty)
                // What is not there is not deleted again.
                let heads = worker.feed.heads
                try await data.delete("m.y", in: nil, of: user.userNID)
                #expect(worker.feed.heads == heads)
            }
        }
    }

    @Test func whatTheServerManagesClientsDoNotWrite() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                for type in ["m.fully_read", "m.push_rules"] {
                    let error = try await refusal {
                        try await worker.services.accountData.set(type, in: nil, of: user.userNID, to: try json("{}"))
                    }
                    #expect(error?.status == 405 && error?.errcode == .badJSON)
                }
                let unknown = try await refusal {
                    try await worker.services.accountData.set(
                        "m.x", in: RoomID("!nowhere:example.org")!, of: user.userNID, to: try json("{}"))
                }
                #expect(unknown?.errcode == .notFound)
            }
        }
    }

    @Test func tagsOfManyRequestsAtOnceAreAllKept() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let room = try await worker.stores.rooms.intern(
                    RoomID("!room:example.org")!, shard: 0, version: "12", now: 1)
                let tags = worker.services.tags
                try await withThrowingTaskGroup { group in
                    for number in 0..<4 {
                        group.addTask {
                            try await tags.set(
                                "u.\(number)", to: ["order": .float(0.25)], in: room.roomID, of: user.userNID)
                        }
                    }
                    try await group.waitForAll()
                }
                try await tags.remove("u.2", in: room.roomID, of: user.userNID)
                try await tags.remove("u.9", in: room.roomID, of: user.userNID)
                let found = try await tags.tags(in: room.roomID, of: user.userNID)
                #expect(found["tags"]?.object?.keys.sorted() == ["u.0", "u.1", "u.3"])
                #expect(found["tags"]?["u.0"] == ["order": .float(0.25)])
            }
        }
    }

    @Test(arguments: [#"{"order":2}"#, #"{"order":-0.1}"#, #"{"order":"0.5"}"#, #"{"order":[]}"#])
    func refusesAnOrderThatIsNone(_ tag: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let room = try await worker.stores.rooms.intern(
                    RoomID("!room:example.org")!, shard: 0, version: "12", now: 1)
                let error = try await refusal {
                    try await worker.services.tags.set(
                        "u.a", to: try JSONValue(parsing: tag), in: room.roomID, of: user.userNID)
                }
                #expect(error?.errcode == .badJSON)
            }
        }
    }
}
