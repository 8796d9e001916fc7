import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#reporting-content
struct ReportTests {
    @Test func anEventIsReportedByWhoIsInItsRoom() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice", members: ["bob"])
            let event = try await api.worker.say("spam", in: room, as: try await api.worker.user("alice"))
            let place = "/v3/rooms/\(room)/report/\(event)"
            #expect(await api.ask(.post, place, ["reason": "spam", "score": -100], as: "bob").body == [:])
            #expect(await api.ask(.post, place, [:], as: "bob").status == 200)
            let (reports, total) = try await api.reports.list(ReportFilter(kind: .event))
            let first = try #require(reports.last)
            #expect(total == 2 && first.reason == "spam" && first.score == -100 && first.roomID == room)
            #expect(first.eventID == event && first.userID?.description == "@alice:example.org")
            #expect(first.reporter.description == "@bob:example.org" && reports[0].reason == nil)
            #expect(try await api.reports.event(of: first)?.content["body"]?.string == "spam")
            // Not from outside, not what is not there, and the same answer for both.
            let places = [
                (place, "carol"), ("/v3/rooms/\(room)/report/$nothing", "bob"),
                ("/v3/rooms/!nowhere:example.org/report/\(event)", "bob"),
            ]
            for (place, token) in places {
                let answer = await api.ask(.post, place, [:], as: token)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND", "\(place)")
            }
            try await api.rooms.leave(room, as: try await api.worker.user("bob"))
            #expect(await api.ask(.post, place, [:], as: "bob").errcode == "M_NOT_FOUND")
            #expect(await api.ask(.post, place, ["reason": 5], as: "alice").errcode == "M_BAD_JSON")
            #expect(try await api.reports.list(ReportFilter(kind: .event)).total == 2)
        }
    }

    @Test func aRoomIsReportedByWhoIsNotInIt() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice") { $0.preset = .privateChat }
            let place = "/v3/rooms/\(room)/report"
            #expect(await api.ask(.post, place, ["reason": "\0bad\0"], as: "bob").status == 200)
            let reports = try await api.reports.list(ReportFilter(kind: .room)).reports
            #expect(reports.map(\.roomID) == [room] && reports.map(\.reason) == ["bad"])
            #expect(await api.ask(.post, place, [:], as: "bob").errcode == "M_MISSING_PARAM")
            let nowhere = "/v3/rooms/!nowhere:example.org/report"
            #expect(await api.ask(.post, nowhere, ["reason": ""], as: "bob").errcode == "M_NOT_FOUND")
            let long = String(repeating: "x", count: Reports.maxReasonLength + 1)
            #expect(await api.ask(.post, place, ["reason": .string(long)], as: "bob").errcode == "M_BAD_JSON")
        }
    }

    /// Nobody learns who there is.
    @Test func aReportOfAUserTellsNothing() async throws {
        try await DirectoryAPI.with { api in
            _ = try await api.room(by: "alice")
            for user in ["@alice:example.org", "@nobody:example.org", "@nobody:elsewhere.example"] {
                let answer = await api.ask(.post, "/v3/users/\(user)/report", ["reason": "rude"], as: "bob")
                #expect(answer.status == 200 && answer.body == [:])
            }
            let reports = try await api.reports.list(ReportFilter(kind: .user)).reports
            #expect(reports.map { $0.userID?.description } == ["@alice:example.org"])
            #expect(
                await api.ask(.post, "/v3/users/alice/report", ["reason": ""], as: "bob").errcode == "M_INVALID_PARAM")
            #expect(
                await api.ask(.post, "/v3/users/@alice:example.org/report", [:], as: "bob").errcode == "M_MISSING_PARAM"
            )
        }
    }

    @Test func nobodyReportsWithoutEnd() async throws {
        try await DirectoryAPI.with { api in
            let room = try await api.room(by: "alice")
            var statuses: [Int: Int] = [:]
            for _ in 0..<205 {
                let answer = await api.ask(.post, "/v3/rooms/\(room)/report", ["reason": ""], as: "bob")
                statuses[answer.status, default: 0] += 1
            }
            #expect(statuses == [200: 200, 429: 5])
            #expect(await api.ask(.post, "/v3/rooms/\(room)/report", ["reason": ""], as: "carol").status == 200)
        }
    }
}
