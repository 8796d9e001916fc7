import FederationAPI
import HTTPAPI
import HTTPTypes
import MatrixCore
import Testing

/// Answers to joins, whose lists are handed over while they arrive.
@Suite struct JoinedRoomTests {
    private func join(
        _ answer: String, status: Int = 200
    ) async throws -> (room: JoinedRoom, entries: [JoinedRoom.Entry], calls: Int) {
        let fixture = FederationFixture { request in
            request.url.target.contains("send_join") ? (status, [:], answer) : (404, [:], "")
        }
        let builder = try EventBuilder(
            version: .v11, roomID: RoomID("!room:b.example"), type: EventType.member, stateKey: "@a:a.example",
            sender: #require(UserID("@a:a.example")), content: ["membership": "join"])
        let event = try builder.signed(by: fixture.ours, with: fixture.key)
        var entries: [JoinedRoom.Entry] = []
        var calls = 0
        let room = try await fixture.client.sendJoin(event, to: fixture.theirs) { some in
            entries += some
            calls += 1
        }
        return (room, entries, calls)
    }

    @Test func eventsAreHandedOverAndTheRestIsRead() async throws {
        let (room, entries, _) = try await join(
            #"{"origin":"x","state":[{"n":1},5,{"n":2}],"event":{"a":1},"auth_chain":[{"n":3}],"members_omitted":true}"#
        )
        #expect(entries.map { $0.pdu["n"]?.int } == [1, 2, 3])
        #expect(entries.map(\.isState) == [true, true, false])
        #expect(room.event?["a"]?.int == 1 && room.membersOmitted)
    }

    @Test func eventsOfLargeRoomsComeByTheHundred() async throws {
        let state = (0..<5_000).map { #"{"n":\#($0)}"# }.joined(separator: ",")
        let (_, entries, calls) = try await join(#"{"auth_chain":[],"state":[\#(state)]}"#)
        #expect(entries.compactMap { $0.pdu["n"]?.int } == Array(0..<5_000))
        #expect(entries.map(\.isState) == Array(repeating: true, count: 5_000))
        #expect(calls == 10)
    }

    @Test(arguments: [
        "", "[]", #"{"state":[]}"#, #"{"state":[{},"#, #"{"state":[],"auth_chain":5}"#,
        #"{"state":[{]],"auth_chain":[]}"#,
        #"{"state":[{}],"auth_chain":[]"#, #"{"state":[{}],"state":[{}],"auth_chain":[]}"#,
    ])
    func refusesWhatIsNoAnswer(answer: String) async {
        await #expect {
            _ = try await join(answer)
        } throws: { error in
            guard case FederationError.malformed = error else { return false }
            return true
        }
    }

    @Test func aRefusalIsTold() async {
        await #expect {
            _ = try await join(#"{"errcode":"M_FORBIDDEN","error":"no"}"#, status: 403)
        } throws: { error in
            guard case FederationError.refused(403, "M_FORBIDDEN", "no", nil, nil) = error else { return false }
            return true
        }
    }

    @Test func aVersionThatWeDoNotHaveIsNamed() async {
        let answer = #"{"errcode":"M_INCOMPATIBLE_ROOM_VERSION","error":"no","room_version":"99"}"#
        let refusal = await #expect(throws: FederationError.self) { _ = try await join(answer, status: 400) }
        #expect(refusal?.matrixError.errcode == .incompatibleRoomVersion)
        #expect(refusal?.matrixError.fields == ["room_version": "99"])
    }
}
