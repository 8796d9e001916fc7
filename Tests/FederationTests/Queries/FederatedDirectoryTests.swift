import Directory
import Federation
import FederationAPI
import MatrixCore
import Telemetry
import Testing

/// Rooms of other servers as these tell of them.
@Suite struct FederatedDirectoryTests {
    private let network = KeyNetwork()
    private let clock = ManualClock()
    private let server = ServerName("theirs.example:2")!
    private let other = ServerName("other.example:2")!
    private let room = RoomID("!space:theirs.example")!

    private var directory: FederatedDirectory { FederatedDirectory(client: network.client(clock), clock: clock) }

    // MARK: Public rooms

    @Test func listsAreReadAndRememberedForAMoment() async throws {
        network.serve(server) { _ in
            (
                200,
                #"""
                {"chunk":[{"room_id":"!a:theirs.example","num_joined_members":5,"name":"A","world_readable":true,
                 "guest_can_join":true,"join_rule":"public","room_type":"m.space","topic":7},
                 {"room_id":"nonsense"},{"name":"no id"},5],
                 "next_batch":"n","total_room_count_estimate":-3}
                """#
            )
        }
        let directory = directory
        for _ in 0..<2 {
            let page = try await directory.publicRooms(PublicRoomQuery(limit: 20, since: "s&1"), of: server)
            let room = try #require(page.rooms.first)
            #expect(page.rooms.count == 1 && room.roomID.description == "!a:theirs.example")
            #expect(room.members == 5 && room.name == "A" && room.topic == nil && room.isSpace)
            #expect(room.isWorldReadable && room.allowsGuests && room.joinRule == "public")
            #expect(page.nextBatch == "n" && page.previousBatch == nil && page.total == 0)
        }
        #expect(network.requests.map(\.target) == ["/_matrix/federation/v1/publicRooms?limit=20&since=s%261"])
        clock.advance(by: .seconds(31))
        _ = try await directory.publicRooms(PublicRoomQuery(limit: 20, since: "s&1"), of: server)
        _ = try await directory.publicRooms(PublicRoomQuery(limit: 20, list: .all), of: server)
        _ = try await directory.publicRooms(PublicRoomQuery(limit: 20, list: .network("irc")), of: server)
        #expect(network.requests.count == 4)
        #expect(network.requests[2].target.hasSuffix("?limit=20&include_all_networks=true"))
        #expect(network.requests[3].target.hasSuffix("?limit=20&third_party_instance_id=irc"))
    }

    @Test func moreThanWasAskedForIsNotTaken() async throws {
        let rooms = (0..<50).map { #"{"room_id":"!r\#($0):theirs.example","num_joined_members":1}"# }
        network.serve(server) { _ in (200, #"{"chunk":[\#(rooms.joined(separator: ","))]}"#) }
        #expect(try await directory.publicRooms(PublicRoomQuery(limit: 10), of: server).rooms.count == 10)
    }

    @Test(arguments: [
        (500, "{}", 502), (403, #"{"errcode":"M_FORBIDDEN","error":"no"}"#, 403), (200, "[]", 502),
        (200, #"{"chunk":{}}"#, 502), (401, #"{"errcode":"M_UNKNOWN_TOKEN","error":"no"}"#, 502),
        (200, #"{"chunk":[],"next_batch":5}"#, 502),
    ])
    func whatIsNoListIsAnError(status: Int, answer: String, then: Int) async throws {
        network.serve(server) { _ in (status, answer) }
        let error = await #expect(throws: MatrixError.self) {
            _ = try await directory.publicRooms(PublicRoomQuery(), of: server)
        }
        #expect(error?.status == then && error?.errcode != .unknownToken)
    }

    // MARK: Spaces

    private func answer(_ room: RoomID, name: String = "Space") -> String {
        #"""
        {"room":{"room_id":"\#(room)","num_joined_members":2,"room_type":"m.space","name":"\#(name)","children_state":[
          {"type":"m.space.child","state_key":"!b:theirs.example","sender":"@u:theirs.example","origin_server_ts":2,
           "content":{"via":["theirs.example"]}},
          {"type":"m.space.child","state_key":"!a:theirs.example","sender":"@u:theirs.example","origin_server_ts":3,
           "content":{"via":["theirs.example"],"order":"a"}},
          {"type":"m.space.child","state_key":"!c:theirs.example","sender":"@u:theirs.example","origin_server_ts":3,
           "content":{"via":5}},
          {"type":"m.room.name","state_key":"","sender":"@u:theirs.example","origin_server_ts":3,"content":{}}, 7]},
         "children":[{"room_id":"!a:theirs.example","num_joined_members":1,"join_rule":"restricted",
          "allowed_room_ids":["\#(room)","x"]}, "x"],
         "inaccessible_children":["!d:theirs.example", "nonsense", 5]}
        """#
    }

    @Test func spacesAreReadAndRememberedForAWhile() async throws {
        let text = answer(room)
        network.serve(server) { _ in (200, text) }
        let directory = directory
        for _ in 0..<2 {
            let found = try #require(try await directory.hierarchy(of: room, via: [server]))
            #expect(found.room.roomID == room && found.room.isSpace)
            #expect(found.children.map(\.roomID.description) == ["!a:theirs.example", "!b:theirs.example"])
            let child = try #require(found.childSummaries.values.first)
            #expect(found.childSummaries.count == 1 && child.allowedRooms == [room])
            #expect(found.inaccessible.map(\.description) == ["!d:theirs.example"])
        }
        #expect(
            network.requests.map(\.target)
                == ["/_matrix/federation/v1/hierarchy/%21space%3Atheirs.example?suggested_only=false"])
        clock.advance(by: .seconds(301))
        _ = try await directory.hierarchy(of: room, via: [server])
        #expect(network.requests.count == 2)
    }

    @Test func theNextServerIsAskedWhenOneSaysNothingOfTheRoom() async throws {
        let (theirs, another) = (answer(room), answer(RoomID("!another:theirs.example")!))
        network.serve(server) { _ in (200, another) }
        network.serve(other) { _ in (200, theirs) }
        #expect(try await directory.hierarchy(of: room, via: [server, other])?.room.roomID == room)
        #expect(network.requests.count == 2)
        #expect(try await directory.hierarchy(of: room, via: []) == nil)
    }

    /// What one server says of a room is not what those get who ask another one.
    @Test func nobodySpeaksForOthers() async throws {
        let (true1, false1) = (answer(room), answer(room, name: "Ours now"))
        network.serve(server) { _ in (200, true1) }
        network.serve(other) { _ in (200, false1) }
        let directory = directory
        #expect(try await directory.hierarchy(of: room, via: [other])?.room.name == "Ours now")
        #expect(try await directory.hierarchy(of: room, via: [server])?.room.name == "Space")
    }

    @Test func silenceIsRememberedForAMoment() async throws {
        network.serve(server) { _ in (404, #"{"errcode":"M_NOT_FOUND","error":"no"}"#) }
        let directory = directory
        for _ in 0..<3 { #expect(try await directory.hierarchy(of: room, via: [server]) == nil) }
        #expect(network.requests.count == 1)
        clock.advance(by: .seconds(61))
        #expect(try await directory.hierarchy(of: room, via: [server]) == nil)
        #expect(network.requests.count == 2)
    }
}
