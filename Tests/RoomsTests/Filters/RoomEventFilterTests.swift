import MatrixCore
import Rooms
import Testing

@Suite struct RoomEventFilterTests {
    @Test(arguments: [
        ("m.room.*", "m.room.message", true), ("m.room.*", "m.reaction", false), ("*", "", true),
        ("m.*.member", "m.room.member", true), ("m.*.member", "m.member", false), ("*a*a", "aXa", true),
        ("*a*a", "a", false), ("m.room.message", "m.room.message", true), ("", "x", false),
    ])
    func starsStandForAnything(pattern: String, type: String, matches: Bool) {
        #expect(EventTypePattern(pattern).matches(type) == matches)
    }

    @Test(arguments: [#"{"types": 1}"#, #"{"types": [1]}"#, #"{"limit": -1}"#, #"{"lazy_load_members": "yes"}"#, "[]"])
    func refusesMembersOfAnotherType(json: String) throws {
        let document = try JSONDocument(parsing: json)
        #expect(throws: MalformedFilter.self) { try RoomEventFilter(document.root) }
    }

    @Test func exclusionWins() throws {
        let filter = try RoomEventFilter(
            try JSONDocument(parsing: #"{"types": ["m.room.*"], "not_types": ["m.room.member"]}"#).root)
        #expect(filter.includes(type: "m.room.message"))
        #expect(!filter.includes(type: "m.room.member"))
    }
}
