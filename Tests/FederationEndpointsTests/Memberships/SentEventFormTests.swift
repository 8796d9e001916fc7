import EndpointsTesting
import HTTPTypes
import MatrixCore
import Storage
import Testing

/// What is wrong with an event that is sent to us is told before what is wrong with its place.
@Suite struct SentEventFormTests {
    @Test func numbersThatNoEventHasAreBadJSON() async throws {
        try await FederatedRoomAPI.with { api in
            let room = try await api.room(by: try await api.account("alice"), version: .v6)
            let path = room.roomID.description
            let join = try await api.draft("join", "bob", in: room)
            var broken = join.json.value()
            broken["contents"] = ["bad_val": 1.1]
            for call in ["v1/send_join", "v2/send_join", "v1/send_leave", "v2/send_leave", "v1/send_knock"] {
                for place in ["xxx", join.eventID.description] {
                    let answer = try await api.ask(.put, call, path, place, body: broken)
                    #expect(answer.status == 400 && answer.errcode == "M_BAD_JSON", "\(call), \(place): \(answer)")
                }
                let misplaced = try await api.ask(.put, call, path, "xxx", body: join.json.value())
                #expect(misplaced.status == 400 && misplaced.errcode == "M_INVALID_PARAM", "\(call): \(misplaced)")
            }
            #expect(try await api.membership(of: api.them("bob"), in: room) == nil)
        }
    }
}
