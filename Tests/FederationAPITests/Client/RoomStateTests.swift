import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import Testing

/// States and auth chains as other servers tell them, which are handed over while they arrive.
@Suite struct RoomStateTests {
    private func read(_ operation: String, _ answer: String) async throws -> (numbers: [Int64], calls: Int) {
        let fixture = FederationFixture { request in
            request.url.target.contains("/\(operation)/") ? (200, [:], answer) : (404, [:], "")
        }
        let (room, event) = (try #require(RoomID("!room:b.example")), try #require(EventID("$event:b.example")))
        var numbers: [Int64] = []
        var calls = 0
        func take(_ events: [JSONView]) {
            numbers += events.compactMap { $0["n"]?.int }
            calls += 1
        }
        if operation == "state" {
            try await fixture.client.state(of: room, at: event, from: fixture.theirs) { take($0) }
        } else {
            try await fixture.client.authChain(of: event, in: room, from: fixture.theirs) { take($0) }
        }
        return (numbers, calls)
    }

    @Test func bothListsAreHandedOver() async throws {
        let state = try await read("state", #"{"pdus":[{"n":1},5,{"n":2}],"auth_chain":[{"n":3}],"more":[{"n":4}]}"#)
        #expect(state.numbers == [1, 2, 3])
        #expect(try await read("event_auth", #"{"auth_chain":[{"n":1}]}"#).numbers == [1])
        #expect(try await read("event_auth", "{}").calls == 0)
    }

    @Test func largeStatesComeByTheHundred() async throws {
        let events = (0..<5_000).map { #"{"n":\#($0)}"# }.joined(separator: ",")
        let state = try await read("state", #"{"auth_chain":[],"pdus":[\#(events)]}"#)
        #expect(state.numbers == Array(0..<5_000) && state.calls == 10)
    }

    @Test(arguments: ["", "[]", #"{"pdus":[{]}"#, #"{"pdus":[{}"#, #"{"pdus":[{}],"pdus":[{}]}"#])
    func refusesWhatIsNoAnswer(answer: String) async {
        await #expect(throws: FederationError.self) { _ = try await read("state", answer) }
    }
}
